import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { ECHO_PATHS, EchoModel } from './model.js';
import { TORTURE } from './torture-corpus.js';

describe.each(ADAPTERS)('the torture corpus on %s', (adapter) => {
  it.each(ECHO_PATHS)('ends in 200 or 400, and the app lives (%s)', async (path) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const twice = path.endsWith('cached'); // a hit is answered like a miss
    for (let start = 0; start < TORTURE.length; start += 16) {
      await Promise.all(
        TORTURE.slice(start, start + 16).map(async ([what, body]) => {
          const first = await app.post(path, body);
          expect([200, 400], what).toContain(first.status);
          if (first.status === 400) {
            expect(first.body, what).toMatchObject({
              code: 'INVALID_ARGUMENT',
              requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            });
          }
          if (!twice || body.length > 100_000) return;
          const second = await app.post(path, body);
          expect(second.status, what).toBe(first.status);
          if (second.status === 200) expect(second.body, what).toEqual(first.body);
        }),
      );
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((await app.post(path, { text: 'alive' })).body).toEqual({ text: 'alive' });
  });

  it.each(['/free', '/checked'])('holds what is fine as well as what is not (%s)', async (path) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    const statusOf = async (name: string) => {
      const entry = TORTURE.find(([what]) => what === name);
      return (await app.post(path, entry![1])).status;
    };
    expect(await statusOf('one field twice')).toBe(200);
    expect(await statusOf('a byte order mark and an object')).toBe(200);
    expect(await statusOf('a long text')).toBe(200);
    expect(await statusOf('much white space')).toBe(200);
    expect(await statusOf('constructor.prototype')).toBe(400);
    expect(await statusOf('UTF-16LE')).toBe(400);
  });
});
