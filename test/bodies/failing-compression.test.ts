import { Transform } from 'node:stream';
import type * as Zlib from 'node:zlib';
import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it, vi } from 'vitest';
import { startApp, WAYS } from '../serving-app.js';

/** No input makes the real one fail: what does is a lack of memory. */
vi.mock('node:zlib', async (original) => ({
  ...(await original<typeof Zlib>()),
  gzip: (_body: unknown, done: (error: Error) => void) => setImmediate(done, new Error('full')),
  createGzip: () =>
    Object.assign(new Transform({ transform: (_chunk, _, done) => done(new Error('full')) }), {
      flush: () => {},
    }),
}));

@Controller()
class PackedModels {
  @ModelEndpoint('/packed', undefined, { compress: true })
  packed() {
    return { text: 'a'.repeat(5_000) };
  }

  @ModelEndpoint('/items', undefined, { compress: true, stream: true })
  *items() {
    yield { text: 'a'.repeat(5_000) };
  }
}

describe.each(WAYS)('an answer that cannot be compressed, on %s,', (way) => {
  it.each([
    ['/packed', '*/*'],
    ['/items', 'application/json'],
    ['/items', 'text/event-stream'],
  ])('ends the connection of %s for %s, and no other', async (path, accept) => {
    const app = await startApp(way, { controllers: [PackedModels] });
    const packed = { accept, 'accept-encoding': 'gzip' };
    await expect(app.post(path, {}, packed)).rejects.toThrow();
    const plain = { accept, 'accept-encoding': 'identity' };
    expect((await app.post(path, {}, plain)).status).toBe(200);
  });
});
