import { Agent, request as httpRequest } from 'node:http';
import { json } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { ECHO_PATHS, EchoModel } from './model.js';
import { TORTURE } from './torture-corpus.js';

type Post = (body: string | Uint8Array) => Promise<{ status: number | undefined; body: any }>;

/** Sends over a few connections that stay open: what one request does to its own shows in the next. */
function client(url: string): Post {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  onTestFinished(() => agent.destroy());
  return (body) =>
    new Promise((resolve, reject) => {
      const request = httpRequest(url, { method: 'POST', agent }, (response) => {
        const status = response.statusCode;
        json(response).then((answer) => resolve({ status, body: answer }), reject);
      });
      request.on('error', reject);
      request.end(body);
    });
}

describe.each(ADAPTERS)('the torture corpus on %s', (adapter) => {
  it.each(ECHO_PATHS)('ends in 200 or 400, and the app lives (%s)', async (path) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const post = client(app.url + path);
    const twice = path.endsWith('cached'); // a hit is answered like a miss
    for (let start = 0; start < TORTURE.length; start += 16) {
      await Promise.all(
        TORTURE.slice(start, start + 16).map(async ([what, body]) => {
          const first = await post(body);
          expect([200, 400], what).toContain(first.status);
          if (first.status === 400) {
            expect(first.body, what).toMatchObject({
              code: 'INVALID_ARGUMENT',
              requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            });
          }
          if (!twice || body.length > 100_000) return;
          const second = await post(body);
          expect(second.status, what).toBe(first.status);
          if (second.status === 200) expect(second.body, what).toEqual(first.body);
        }),
      );
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((await post('{"text":"alive"}')).body).toEqual({ text: 'alive' });
  });

  it.each(['/free', '/checked'])('holds what is fine as well as what is not (%s)', async (path) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const statusOf = async (name: string) => {
      const entry = TORTURE.find(([what]) => what === name);
      return (await app.post(path, entry![1])).status;
    };
    expect(await statusOf('a byte order mark and an object')).toBe(200);
    expect(await statusOf('a long text')).toBe(200);
    expect(await statusOf('much white space')).toBe(200);
    expect(await statusOf('one field twice')).toBe(400);
    expect(await statusOf('constructor.prototype')).toBe(400);
    expect(await statusOf('UTF-16LE')).toBe(400);
  });
});
