import type { FactoryProvider, OnApplicationShutdown } from '@nestjs/common';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import { createCache, type Cache } from 'cache-manager';
import { memoryStore } from './memory-store.js';
import type { FilledCacheModuleOptions } from './options.js';

/** cache-manager's `Cache`, whose stores are disconnected by Nest when the app has shut down. */
export type AppCache = Cache & OnApplicationShutdown;

/** Makes the cache that an app sees as `CACHE_MANAGER`. */
export function createAppCache(options: FilledCacheModuleOptions): AppCache {
  const { ttl, timeout, maxEntries, maxBytes } = options;
  const stores = options.stores ? [...options.stores] : [memoryStore(maxEntries, maxBytes)];
  const cache = createCache({ stores, ttl });
  return Object.assign(cache, {
    onApplicationShutdown: () => disconnect(cache, timeout),
  });
}

/**
 * Provides `CACHE_MANAGER`. It stands in for `CacheModule`, which disconnects its stores in
 * `onModuleDestroy`, while requests are still being answered; `onApplicationShutdown` comes after
 * the drain.
 *
 * @param optionsToken the token of the {@link FilledCacheModuleOptions}
 */
export function cacheProvider(optionsToken: string | symbol): FactoryProvider<AppCache> {
  return {
    provide: CACHE_MANAGER,
    useFactory: createAppCache,
    inject: [optionsToken],
  };
}

/**
 * A client may wait for commands that its dead server never answers; the shutdown does not wait for
 * it. Errors are of no interest any more.
 */
async function disconnect(cache: Cache, timeout: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeout)));
  await Promise.race([
    Promise.allSettled(cache.stores.map(async (store) => store.disconnect())),
    patience,
  ]);
  clearTimeout(timer);
}
