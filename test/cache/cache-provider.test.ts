import { Inject, Module, type BeforeApplicationShutdown } from '@nestjs/common';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { Test } from '@nestjs/testing';
import { Keyv, KeyvHooks } from 'keyv';
import { describe, expect, it, vi } from 'vitest';
import {
  cacheProvider,
  GuardedStore,
  MemoryStore,
  resolveCacheOptions,
  type AppCache,
  type CacheModuleOptions,
} from '../../src/cache/index.js';

const OPTIONS = Symbol('options');

async function createApp(options: CacheModuleOptions, log: string[] = []) {
  class Draining implements BeforeApplicationShutdown {
    constructor(@Inject(CACHE_MANAGER) readonly cache: AppCache) {}

    async beforeApplicationShutdown(): Promise<void> {
      await this.cache.get('key');
      log.push('drained');
    }
  }
  @Module({
    providers: [
      { provide: OPTIONS, useValue: resolveCacheOptions(options, 'test') },
      cacheProvider(OPTIONS),
      Draining,
    ],
  })
  class AppModule {}
  const app = await Test.createTestingModule({ imports: [AppModule] }).compile();
  return { app: await app.init(), cache: app.get<AppCache>(CACHE_MANAGER) };
}

describe('the cache of an app', () => {
  it('is in memory and bounded unless it is given stores', async () => {
    const { app, cache } = await createApp({ maxEntries: 2 });
    expect(cache.stores[0]).toBeInstanceOf(MemoryStore);
    for (const key of ['a', 'b', 'c']) await cache.set(key, key);
    expect(await Promise.all(['a', 'b', 'c'].map((key) => cache.get(key)))).toEqual([
      undefined,
      'b',
      'c',
    ]);
    await app.close();
  });

  it('can be cleared by the app', async () => {
    const { app, cache } = await createApp({});
    const log = { warn: vi.fn(), log: vi.fn() };
    const store = new GuardedStore(cache, { timeout: 250, log });
    store.set('key', { text: '1', storedAt: 1 }, 1_000);
    expect(store.get('key')).toEqual({ text: '1', storedAt: 1 });
    await cache.clear();
    expect(store.get('key')).toBeUndefined();
    await app.close();
  });

  it('disconnects its stores after requests have drained', async () => {
    const log: string[] = [];
    const keyv = new Keyv();
    keyv.hooks.addHandler(KeyvHooks.PRE_GET, () => log.push('read'));
    vi.spyOn(keyv, 'disconnect').mockImplementation(async () => void log.push('disconnected'));
    const { app } = await createApp({ stores: [keyv] }, log);
    await app.close();
    expect(log).toEqual(['read', 'drained', 'disconnected']);
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no'))],
    ['never ends', () => new Promise<void>(() => {})],
  ])('closes where disconnecting %s', async (_, disconnect) => {
    const keyv = new Keyv();
    const disconnecting = vi.spyOn(keyv, 'disconnect').mockImplementation(disconnect);
    const { app } = await createApp({ stores: [keyv], timeout: 20 });
    await app.close();
    expect(disconnecting).toHaveBeenCalledOnce();
  });
});
