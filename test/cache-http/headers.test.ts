import { Controller } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, startApp, type Answer } from '../serving-app.js';

let runs = 0;
beforeEach(() => void (runs = 0));
afterEach(() => void vi.useRealTimers());

@Controller()
class Models {
  @ModelEndpoint('/cached', undefined, { cache: true })
  cached() {
    return { run: ++runs };
  }

  @ModelEndpoint('/uncached')
  uncached() {
    return { run: ++runs };
  }
}

/** What an answer tells of the cache, and which run made it. */
function told({ status, headers, body }: Answer): unknown[] {
  return [status, headers.get('x-cache'), headers.get('age'), body.run];
}

describe.each(ADAPTERS)('what an answer tells of the cache, on %s', (adapter) => {
  it('is nothing where there is none', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    expect(told(await app.post('/uncached', {}))).toEqual([200, null, null, 1]);
    expect(told(await app.post('/uncached', {}))).toEqual([200, null, null, 2]);
  });

  it('is MISS, then HIT with the Age of the answer in whole seconds', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const app = await startApp(adapter, { controllers: [Models] });
    expect(told(await app.post('/cached', {}))).toEqual([200, 'MISS', null, 1]);
    expect(told(await app.post('/cached', {}))).toEqual([200, 'HIT', '0', 1]);
    vi.setSystemTime(Date.now() + 61_999);
    expect(told(await app.post('/cached', {}))).toEqual([200, 'HIT', '61', 1]);
    // A hit does not make the answer younger.
    vi.setSystemTime(Date.now() + 1);
    expect(told(await app.post('/cached', {}))).toEqual([200, 'HIT', '62', 1]);
    // Nor does a clock that was set back make it come from the future.
    vi.setSystemTime(Date.now() - 120_000);
    expect(told(await app.post('/cached', {}))).toEqual([200, 'HIT', '0', 1]);
  });

  it('and is the same JSON, whether from the handler or from the cache', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const miss = await app.post('/cached', {});
    const hit = await app.post('/cached', {});
    expect(hit.body).toEqual(miss.body);
    for (const header of ['content-type', 'content-length']) {
      expect(hit.headers.get(header)).toBe(miss.headers.get(header));
    }
    expect(hit.headers.get('x-request-id')).not.toBe(miss.headers.get('x-request-id'));
  });

  it.each(['no-cache', 'No-Cache', 'max-age=0, no-cache', 'no-cache,max-age=0'])(
    'Cache-Control: %s skips the read and keeps the new answer',
    async (directive) => {
      const app = await startApp(adapter, { controllers: [Models] });
      await app.post('/cached', {});
      const fresh = await app.post('/cached', {}, { 'cache-control': directive });
      expect(told(fresh)).toEqual([200, 'BYPASS', null, 2]);
      expect(told(await app.post('/cached', {}))).toEqual([200, 'HIT', '0', 2]);
    },
  );

  it.each(['no-store', 'NO-STORE', 'no-cache, no-store', 'no-store ,no-transform'])(
    'Cache-Control: %s skips read and write',
    async (directive) => {
      const app = await startApp(adapter, { controllers: [Models] });
      const headers = { 'cache-control': directive };
      expect(told(await app.post('/cached', {}, headers))).toEqual([200, 'BYPASS', null, 1]);
      expect(told(await app.post('/cached', {}))).toEqual([200, 'MISS', null, 2]);
      expect(told(await app.post('/cached', {}, headers))).toEqual([200, 'BYPASS', null, 3]);
      expect(told(await app.post('/cached', {}))).toEqual([200, 'HIT', '0', 2]);
    },
  );

  it.each(['max-age=60', 'x-no-cache', 'no-cached', 'no-transform', ''])(
    'Cache-Control: "%s" skips nothing',
    async (directive) => {
      const app = await startApp(adapter, { controllers: [Models] });
      await app.post('/cached', {});
      const { headers } = await app.post('/cached', {}, { 'cache-control': directive });
      expect(headers.get('x-cache')).toBe('HIT');
    },
  );

  it.each(['no-cache', 'no-store', 'no-cache, no-store'])(
    'Cache-Control: %s skips nothing with clientControl: false',
    async (directive) => {
      const options = { cache: { clientControl: false } };
      const app = await startApp(adapter, { controllers: [Models], options });
      const headers = { 'cache-control': directive };
      expect(told(await app.post('/cached', {}, headers))).toEqual([200, 'MISS', null, 1]);
      expect(told(await app.post('/cached', {}, headers))).toEqual([200, 'HIT', '0', 1]);
    },
  );

  it('may be asked for by a header as long as a head may be', async () => {
    const app = await startApp(adapter, { controllers: [Models] });
    const headers = { 'cache-control': `a${' '.repeat(15_000)}b, no-cache` };
    expect(told(await app.post('/cached', {}, headers))).toEqual([200, 'BYPASS', null, 1]);
  });
});
