import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { EchoModel } from './model.js';

/** An object nested `depth` levels deep. */
const objects = (depth: number, key: string) =>
  `${`{"${key}":`.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`;
const arrays = (depth: number) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;

describe.each(ADAPTERS)('nesting on %s', (adapter) => {
  it.each(['/free', '/free-cached'])('may be 1,000 deep without a schema (%s)', async (path) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    for (const make of [arrays, (depth: number) => objects(depth, 'inner')]) {
      expect((await app.post(path, make(1_000))).status).toBe(200);
      for (const depth of [1_001, 10_000, 1_000_000]) {
        expect(await app.post(path, make(depth)), String(depth)).toMatchObject({
          status: 400,
          body: { code: 'INVALID_ARGUMENT' },
        });
      }
    }
  });

  it.each(['/checked', '/checked-cached'])('may be 100 deep with one (%s)', async (path) => {
    const app = await startApp(adapter, { controllers: [EchoModel] });
    expect((await app.post(path, objects(100, 'inner'))).status).toBe(200);
    for (const depth of [102, 1_000, 100_000]) {
      expect(await app.post(path, objects(depth, 'inner')), String(depth)).toMatchObject({
        status: 400,
        body: { code: 'INVALID_ARGUMENT' },
      });
    }
  });
});
