import { EventEmitter } from 'node:events';
import { Controller } from '@nestjs/common';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import { ModelEndpoint, type ModelServingOptions } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { textSchema } from '../http/text-schema.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { scrapeAtRest } from './scrape.js';

beforeEach(() => register.clear());

@Controller()
class Models {
  @ModelEndpoint('/cached', undefined, {
    cache: { key: ({ a }) => (a === undefined ? undefined : String(a)) },
  })
  cached({ fail }: { fail?: boolean }) {
    if (fail) throw new Error('no');
    return {};
  }

  @ModelEndpoint('/checked', textSchema())
  checked({ text }: { text?: string }): unknown {
    if (text === 'bad') return { count: 'many' };
    if (text === 'error') throw new Error('no');
    return { text };
  }

  @ModelEndpoint('/checked-and-cached', textSchema(), { cache: true })
  checkedAndCached() {
    return { text: 'a' };
  }
}

/** A Keyv whose store refuses everything, and tells of it as Keyv's own adapters do. */
function brokenStore(): Keyv {
  const adapter = new EventEmitter();
  const refuse = async () => {
    const error = new Error('broken');
    adapter.emit('error', error);
    throw error;
  };
  const methods = { opts: {}, get: refuse, set: refuse, delete: refuse, clear: refuse };
  return new Keyv({ store: Object.assign(adapter, methods) as unknown as KeyvStoreAdapter });
}

describe.each(ADAPTERS)('counts on %s', (adapter) => {
  const start = (options: ModelServingOptions = {}) =>
    startApp(adapter, { controllers: [Models], options });

  it('of look-ups in the cache, by what came of them', async () => {
    const app = await start();
    const requests: [unknown, Record<string, string>?][] = [
      [{ a: 1 }], // miss
      [{ a: 1 }], // hit
      [{ a: 1 }], // hit
      [{ a: 2, fail: true }], // miss
      [{ a: 2, fail: true }], // miss
      [{}], // bypass
      [{ a: 1 }, { 'cache-control': 'no-cache' }], // bypass
      [{ a: 3 }, { 'cache-control': 'no-store' }], // bypass
    ];
    for (const [body, headers] of requests) await app.post('/cached', body, headers);
    await app.post('/cached', '{'); // never came as far as the cache
    await app.post('/checked', {}); // has none
    const found = await scrapeAtRest(app);
    expect(found.lookups('/cached')).toEqual({ miss: 3, hit: 2, bypass: 3 });
    expect(found.lookups('/checked')).toEqual({});
    // A hit is a request like any other.
    expect(found.outcomes('/cached')).toEqual({ ok: 6, error: 2, invalid: 1 });
  });

  it('of look-ups in a store that is broken, which are served without it', async () => {
    const app = await start({ cache: { stores: [brokenStore()] } });
    for (let time = 0; time < 3; time++) {
      const { status, headers } = await app.post('/cached', { a: 1 });
      expect([status, headers.get('x-cache')]).toEqual([200, 'MISS']);
    }
    const found = await scrapeAtRest(app);
    expect(found.lookups('/cached')).toEqual({ error: 3 });
    expect(found.outcomes('/cached')).toEqual({ ok: 3 });
  });

  it('of messages that break their schema, by direction', async () => {
    const app = await start();
    const failures = async () =>
      (await scrapeAtRest(app)).by('direction', 'model_serving_validation_failures_total', {
        endpoint: '/checked',
      });
    await app.post('/checked', { text: 'a' });
    await app.post('/checked', { text: 'error' });
    await app.post('/checked', '{'); // is no message at all
    await app.post('/checked', {}, { 'x-request-timeout-ms': '-' });
    expect(await failures()).toEqual({});
    await app.post('/checked', { count: 'x' });
    await app.post('/checked', { count: 'x', items: [1, 2, 3] });
    expect(await failures()).toEqual({ request: 2 });
    await app.post('/checked', { text: 'bad' });
    expect(await failures()).toEqual({ request: 2, response: 1 });
  });

  it('of refusals before the cache: no look-up', async () => {
    const app = await start();
    await app.post('/checked-and-cached', { count: 'x' });
    const found = await scrapeAtRest(app);
    expect(found.lookups('/checked-and-cached')).toEqual({});
    expect(found.by('direction', 'model_serving_validation_failures_total')).toEqual({
      request: 1,
    });
  });
});
