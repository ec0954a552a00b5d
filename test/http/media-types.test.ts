import { gzipSync } from 'node:zlib';
import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { textSchema } from './text-schema.js';

@Controller()
class Models {
  @ModelEndpoint('/checked', textSchema())
  checked(input: object) {
    return input;
  }

  @ModelEndpoint('/unchecked/:id')
  unchecked(input: object) {
    return input;
  }
}

const PATHS = [
  ['/checked', '/checked', ', application/x-protobuf or multipart/form-data'],
  ['/unchecked/7', '/unchecked/:id', ''],
] as const;

const PICTURE = Buffer.from('89504e470d0a1a0a', 'hex');
const PART = '--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n';
const MULTIPART = Buffer.concat([Buffer.from(PART), PICTURE, Buffer.from('\r\n--x--\r\n')]);
const FORM = 'application/x-www-form-urlencoded';

const REFUSED: [type: string, shown: string, body: string | Buffer][] = [
  ['image/png', 'image/png', PICTURE],
  ['IMAGE/JPEG; q=1', 'image/jpeg', PICTURE],
  [' image/svg+xml', 'image/svg+xml', '<svg/>'],
  ['audio/wav', 'audio/wav', PICTURE],
  ['video/mp4', 'video/mp4', '{}'],
  ['multipart/mixed; boundary=x', 'multipart/mixed', MULTIPART],
];

/** What an endpoint without a schema refuses as well. */
const FORMS: typeof REFUSED = [
  ['multipart/form-data; boundary=x', 'multipart/form-data', MULTIPART],
  ['Multipart/Form-Data; boundary=x', 'multipart/form-data', MULTIPART],
  [FORM, FORM, 'text=a&count=1'],
  [`${FORM}; charset=utf-8`, FORM, '\ufeff \r\n\ttext=a'],
  [FORM, FORM, '[{}]'],
  ['application/x-protobuf', 'application/x-protobuf', '{}'],
];

const TAKEN: [type: string, body: string][] = [
  [FORM, '{"text":"a"}'],
  [FORM, '\ufeff\r\n\t {"text":"a"}'],
  ['multipart/form-data; boundary=x', '{"text":"a"}'],
  ['application/octet-stream', '{"text":"a"}'],
  ['imagery/png', '{"text":"a"}'],
  ['application/image', '{"text":"a"}'],
];

describe.each(ADAPTERS)('a body of another kind than JSON on %s', (adapter) => {
  it('is told what the endpoint takes', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (const [path, route, others] of PATHS) {
      for (const [type, shown, body] of others === '' ? [...REFUSED, ...FORMS] : REFUSED) {
        for (const encoding of ['identity', 'gzip']) {
          const sent = encoding === 'gzip' ? gzipSync(body) : Buffer.from(body);
          const headers = { 'content-type': type, 'content-encoding': encoding };
          expect(await app.post(path, sent, headers), `${type} ${encoding}`).toMatchObject({
            status: 415,
            body: {
              error: `Expected the body of POST ${route} to be a JSON object (application/json)${others}, got ${shown}`,
              code: 'UNIMPLEMENTED',
            },
          });
        }
      }
    }
  });

  it('is read as JSON where it is, though its type says something else', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (const [path] of PATHS) {
      for (const [type, body] of TAKEN) {
        const answer = await app.post(path, Buffer.from(body), { 'content-type': type });
        expect(answer, `${type} ${body}`).toMatchObject({ status: 200, body: { text: 'a' } });
      }
    }
  });

  it('is none where it is empty, or bytes without a type that says more', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    for (const [type, body] of [
      [FORM, ''],
      [FORM, ' \n'],
      ['application/octet-stream', PICTURE],
    ] as const) {
      const answer = await app.post('/checked', Buffer.from(body), { 'content-type': type });
      expect(answer, type).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
    }
  });

  it('has a type that is cut short in the answer', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const headers = { 'content-type': `image/${'x'.repeat(5_000)}` };
    const { status, body } = await app.post('/checked', PICTURE, headers);
    expect(status).toBe(415);
    expect(body.error.length).toBeLessThan(200);
  });
});
