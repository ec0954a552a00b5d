import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { ECHO_PATHS, EchoModel } from './model.js';
import { rawRequest } from './raw-request.js';

const CONTENT_TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'text/plain',
  'text/html',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/octet-stream',
  'application/xml',
  'weird',
  ';;;',
  'a/b/c',
  'application/json; charset',
  '\u00e4/\u00f6',
  '"',
  ' ',
];

describe.each(ADAPTERS)('the body of a request on %s', (adapter) => {
  it('is JSON whatever its content type says', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const body = Buffer.from('{"text":"größer ✓"}');
    for (const type of [undefined, ...CONTENT_TYPES]) {
      const head = ['POST /checked HTTP/1.1', `Content-Length: ${body.length}`];
      if (type !== undefined) head.push(`Content-Type: ${type}`);
      expect(await rawRequest(app.url, head, body), `${type}`).toMatchObject({
        status: 200,
        headers: { 'content-type': 'application/json; charset=utf-8' },
        body: { text: 'größer ✓' },
      });
    }
  });

  it('is refused when it is not JSON, whatever its content type says', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    for (const type of CONTENT_TYPES.slice(0, 5)) {
      const answer = await app.post('/checked', 'a=1&b=2', { 'content-type': type });
      expect(answer, type).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
    }
  });

  it('is UTF-8, with a byte order mark or without', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const bom = Buffer.from([0xef, 0xbb, 0xbf]);
    const json = Buffer.from('{"text":"ä"}');
    for (const path of ECHO_PATHS) {
      const answer = await app.post(path, Buffer.concat([bom, json]));
      expect(answer, path).toMatchObject({ status: 200, body: { text: 'ä' } });
      expect((await app.post(path, bom)).status, path).toBe(400);
    }
  });

  it('is refused in any other encoding', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const texts: [string, Uint8Array][] = [
      ['Latin-1', Buffer.from('{"text":"ä"}', 'latin1')],
      ['UTF-16LE', Buffer.from('\ufeff{"text":"a"}', 'utf16le')],
      ['an overlong slash', Buffer.from('7b2274657874223a22c0af227d', 'hex')],
      ['a surrogate in UTF-8', Buffer.from('7b2274657874223a22eda080227d', 'hex')],
      ['cut in a character', Buffer.from('{"text":"ä').subarray(0, -1)],
      ['beyond U+10FFFF', Buffer.from('7b2274657874223a22f4908080227d', 'hex')],
    ];
    for (const [what, bytes] of texts) {
      for (const path of ECHO_PATHS) {
        const answer = await app.post(path, bytes);
        expect(answer, `${what} ${path}`).toMatchObject({
          status: 400,
          body: { error: 'The body is not valid UTF-8', code: 'INVALID_ARGUMENT' },
        });
      }
    }
  });

  it.each([
    ['nothing', undefined, 'The body is empty, expected a JSON object'],
    ['an empty string', '', 'The body is empty, expected a JSON object'],
    ['white space', ' \n', 'The body is not valid JSON'],
    ['half an object', '{"text":', 'The body is not valid JSON'],
    ['two objects', '{}{}', 'The body is not valid JSON'],
    ['a word', 'text', 'The body is not valid JSON'],
    ['an array', '[{}]', 'Expected the body to be a JSON object, got an array'],
    ['a string', '"{}"', 'Expected the body to be a JSON object, got a string'],
    ['a number', '1', 'Expected the body to be a JSON object, got a number'],
    ['a boolean', 'true', 'Expected the body to be a JSON object, got a boolean'],
    ['null', 'null', 'Expected the body to be a JSON object, got null'],
  ])('is refused when it is %s', async (_, text, error) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    for (const path of ECHO_PATHS) {
      const answer = await app.post(path, text, { 'x-request-id': 'r1' });
      expect(answer.status, path).toBe(400);
      expect(answer.body, path).toEqual({
        error: expect.stringContaining(error),
        code: 'INVALID_ARGUMENT',
        requestId: 'r1',
      });
      expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    }
  });

  it('that breaks the schema is refused with at most 10 violations and their paths', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const deep = { inner: { items: [{}, { name: 'a' }, {}, { name: 5 }] }, count: 'x' };
    const { status, body } = await app.post('/checked', deep, { 'x-request-id': 'r1' });
    expect(status).toBe(400);
    expect(Object.keys(body).sort()).toEqual(['code', 'details', 'error', 'requestId']);
    expect(body).toMatchObject({ code: 'INVALID_ARGUMENT', requestId: 'r1' });
    expect(body.details.map(({ path }: { path: string }) => path).sort()).toEqual([
      '$.count',
      '$.inner.items[3].name',
    ]);
    for (const violation of body.details) {
      expect(Object.keys(violation).sort()).toEqual(['message', 'path']);
    }
    const many = { items: Array.from({ length: 50 }, () => ({ name: 1 })) };
    expect((await app.post('/checked', many)).body.details).toHaveLength(10);
  });

  it('is quoted only in part', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const long = 'x'.repeat(200_000);
    const bodies = [
      { [long]: 1 },
      { count: long },
      { text: { [long]: long } },
      { labels: { [long]: 5 } },
      { extra: { [long]: { [long]: 1 } }, count: long },
      { items: Array.from({ length: 12 }, (_, index) => ({ [`${index}${long}`]: 1 })) },
    ];
    for (const body of bodies) {
      const answer = await app.post('/checked', body);
      expect(answer.status).toBe(400);
      expect(JSON.stringify(answer.body).length).toBeLessThan(8_000);
    }
    for (const text of [long, `{"${long}`, `["${long}"]`, `{"a":${long}}`]) {
      for (const path of ['/free', '/checked']) {
        const answer = await app.post(path, text);
        expect(answer.status).toBe(400);
        expect(JSON.stringify(answer.body).length).toBeLessThan(500);
      }
    }
  });

  it('may come in chunks, and to a target in absolute form', async () => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const chunks = ['{"te', 'xt":"\u00e4', '"}']
      .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`)
      .join('');
    const answer = await rawRequest(
      app.url,
      ['POST /checked HTTP/1.1', 'Transfer-Encoding: chunked'],
      `${chunks}0\r\n\r\n`,
    );
    expect(answer).toMatchObject({ status: 200, body: { text: 'ä' } });
    const absolute = await rawRequest(
      app.url,
      ['POST http://localhost/checked HTTP/1.1', 'Content-Length: 12'],
      '{"text":"a"}',
    );
    expect([200, 404]).toContain(absolute.status); // Fastify knows no absolute form
    if (adapter === 'express') expect(absolute.body).toEqual({ text: 'a' });
  });
});
