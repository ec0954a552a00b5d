import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Controller, Inject, Injectable, Module } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { Keyv } from 'keyv';
import { KeyvFile } from 'keyv-file';
import { ModelEndpoint } from 'nestjs-model-serving';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';

let runs = 0;
beforeEach(() => void (runs = 0));
afterEach(() => void vi.useRealTimers());

@Controller()
class Models {
  @ModelEndpoint('/default', undefined, { cache: true })
  byDefault() {
    return { run: ++runs };
  }

  @ModelEndpoint('/own', undefined, { cache: { ttl: 10_000 } })
  own() {
    return { run: ++runs };
  }
}

@Controller()
class Told {
  @ModelEndpoint('/silent')
  silent() {
    return { run: ++runs };
  }

  @ModelEndpoint('/off', undefined, { cache: false })
  off() {
    return { run: ++runs };
  }

  @ModelEndpoint('/on', undefined, { cache: { ttl: 10_000 } })
  on() {
    return { run: ++runs };
  }
}

@Injectable()
class Janitor {
  constructor(@Inject(CACHE_MANAGER) readonly cache: Cache) {}
}

/** Knows nothing of ModelServingModule. */
@Module({ providers: [Janitor] })
class Other {}

const cacheOf = async (app: RunningApp, path: string, body: unknown = {}) =>
  (await app.post(path, body)).headers.get('x-cache');

describe.each(ADAPTERS)('the store on %s', (adapter) => {
  it.each([
    ['five minutes', '/default', {}, 300_000],
    ["the module's ttl", '/default', { cache: { ttl: 60_000 } }, 60_000],
    ["the endpoint's ttl", '/own', { cache: { ttl: 60_000 } }, 10_000],
  ])('keeps an answer for %s', async (_, path, options, ttl) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const app = await startApp(adapter, { controllers: [Models], options });
    await app.post(path, {});
    vi.setSystemTime(Date.now() + ttl - 1);
    expect(await cacheOf(app, path)).toBe('HIT');
    // A hit does not prolong it.
    vi.setSystemTime(Date.now() + 2);
    expect(await cacheOf(app, path)).toBe('MISS');
    expect(await cacheOf(app, path)).toBe('HIT');
  });

  it('holds maxEntries and drops the one not used for longest', async () => {
    const options = { cache: { maxEntries: 3 } };
    const app = await startApp(adapter, { controllers: [Models], options });
    for (const n of [1, 2, 3]) expect(await cacheOf(app, '/default', { n })).toBe('MISS');
    expect(await cacheOf(app, '/default', { n: 1 })).toBe('HIT');
    expect(await cacheOf(app, '/own', { n: 4 })).toBe('MISS'); // in the place of 2
    for (const n of [3, 1]) expect(await cacheOf(app, '/default', { n })).toBe('HIT');
    expect(await cacheOf(app, '/own', { n: 4 })).toBe('HIT');
    expect(await cacheOf(app, '/default', { n: 2 })).toBe('MISS');
  });

  it('is CACHE_MANAGER, in every module, and can be cleared', async () => {
    const app = await startApp(adapter, { controllers: [Models], imports: [Other] });
    const { cache } = app.app.select(Other).get(Janitor);
    await cache.set('of the app', { a: 1 });
    await app.post('/default', {});
    expect(await cacheOf(app, '/default')).toBe('HIT');
    expect(await cache.get('of the app')).toEqual({ a: 1 });
    await cache.clear();
    expect(await cacheOf(app, '/default')).toBe('MISS');
    expect(await cacheOf(app, '/default')).toBe('HIT');
  });

  it('belongs to one app', async () => {
    const first = await startApp(adapter, { controllers: [Models] });
    const second = await startApp(adapter, { controllers: [Models] });
    expect(await cacheOf(first, '/default')).toBe('MISS');
    expect(await cacheOf(second, '/default')).toBe('MISS');
  });

  it('has what it writes after a while, also where the app stops before', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'answers-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const filename = join(folder, 'answers.json');
    const start = () => {
      const stores = [new Keyv({ store: new KeyvFile({ filename }) })];
      const options = { cache: { stores, timeout: 10_000 } };
      return startApp(adapter, { controllers: [Models], options });
    };
    const first = await start();
    expect(await cacheOf(first, '/default')).toBe('MISS');
    await first.close();
    const second = await start();
    expect(await cacheOf(second, '/default')).toBe('HIT');
  });

  it('is used by endpoints as defaults say, unless they say otherwise', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const options = { defaults: { cache: { ttl: 60_000 } } };
    const app = await startApp(adapter, { controllers: [Told], options });
    for (const path of ['/silent', '/on']) {
      expect(await cacheOf(app, path)).toBe('MISS');
      expect(await cacheOf(app, path)).toBe('HIT');
    }
    for (let time = 0; time < 2; time++) expect(await cacheOf(app, '/off')).toBeNull();
    vi.setSystemTime(Date.now() + 10_001);
    expect(await cacheOf(app, '/silent')).toBe('HIT');
    expect(await cacheOf(app, '/on')).toBe('MISS');
    vi.setSystemTime(Date.now() + 50_000);
    expect(await cacheOf(app, '/silent')).toBe('MISS');
  });

  it('is used by all with defaults: { cache: true }, and by none without', async () => {
    const all = await startApp(adapter, {
      controllers: [Told],
      options: { defaults: { cache: true } },
    });
    await all.post('/silent', {});
    expect(await cacheOf(all, '/silent')).toBe('HIT');
    expect(await cacheOf(all, '/off')).toBeNull();
    const none = await startApp(adapter, { controllers: [Told] });
    await none.post('/silent', {});
    expect(await cacheOf(none, '/silent')).toBeNull();
  });
});
