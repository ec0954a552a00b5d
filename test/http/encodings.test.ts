import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { WAYS, startApp } from '../serving-app.js';
import { EchoModel, SMALL_LIMIT } from './model.js';

const JSON_TEXT = '{"text":"größer"}';
const COMPRESSORS = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const;
type Encoding = keyof typeof COMPRESSORS;
const ENCODINGS = Object.keys(COMPRESSORS) as Encoding[];

const encoded = (encoding: string) => ({ 'content-encoding': encoding });

describe.each(WAYS)('a compressed body on %s', (adapter) => {
  it.each(ENCODINGS)('is read from %s, however it is spelled', async (encoding) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const body = COMPRESSORS[encoding](JSON_TEXT);
    for (const name of [encoding, encoding.toUpperCase(), ` ${encoding} `]) {
      expect(await app.post('/checked', body, encoded(name))).toMatchObject({
        status: 200,
        body: { text: 'größer' },
      });
    }
  });

  it('may say that it is not compressed', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    for (const name of ['identity', 'Identity', '']) {
      expect((await app.post('/checked', JSON_TEXT, encoded(name))).status).toBe(200);
    }
  });

  it.each(ENCODINGS)('is measured as it comes out of %s', async (encoding) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const compress = COMPRESSORS[encoding];
    const exactly = `{"a":"${'x'.repeat(SMALL_LIMIT - 8)}"}`;
    expect((await app.post('/small', compress(exactly), encoded(encoding))).status).toBe(200);
    expect(await app.post('/small', compress(`${exactly} `), encoded(encoding))).toMatchObject({
      status: 413,
      body: { code: 'RESOURCE_EXHAUSTED', error: 'Expected a body of at most 2000 bytes' },
    });
    const bomb = compress(Buffer.alloc(16 * 1024 * 1024, 0x20));
    expect((await app.post('/small', bomb, encoded(encoding))).status).toBe(413);
    expect((await app.post('/free', bomb, encoded(encoding))).status).toBe(413);
    expect((await app.post('/small', '{}')).status).toBe(200);
  });

  it.each(ENCODINGS)('is refused when it is no %s, or a part of it', async (encoding) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const whole = COMPRESSORS[encoding](JSON_TEXT);
    const broken = Buffer.from(whole);
    broken.fill(0xff, 2, 12);
    const bodies: [string, Uint8Array | string][] = [
      ['corrupt', broken],
      ['truncated', whole.subarray(0, whole.length - 5)],
      ['one byte', whole.subarray(0, 1)],
      ['plain', JSON_TEXT],
      ['empty', ''],
      ['of nothing', COMPRESSORS[encoding]('')],
      ['raw deflate', deflateRawSync(JSON_TEXT)],
    ];
    for (const [what, body] of bodies) {
      const answer = await app.post('/checked', body, encoded(encoding));
      expect(answer, what).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
    }
    expect((await app.post('/checked', whole, encoded(encoding))).status).toBe(200);
  });

  it.each(['zstd', 'compress', 'gzip, br', 'gzip, gzip', 'x-gzip', '__proto__', 'toString', 'ä'])(
    'is refused in the encoding %s',
    async (encoding) => {
      const app = await startApp(adapter, { controllers: [EchoModel] });
      const answer = await app.post('/checked', gzipSync(JSON_TEXT), {
        ...encoded(encoding),
        'x-request-id': 'r1',
      });
      expect(answer.status).toBe(415);
      expect(answer.body).toEqual({
        error: `Expected Content-Encoding to be gzip, deflate, br or identity, got "${encoding.toLowerCase()}"`,
        code: 'UNIMPLEMENTED',
        requestId: 'r1',
      });
    },
  );
});
