export { directivesOf } from './cache-control.js';
export { cacheProvider, createAppCache, type AppCache } from './cache-provider.js';
export type { CircuitLog } from './circuit.js';
export type { Entry } from './entry.js';
export type { Flight } from './flight.js';
export { GuardedStore, type CacheLike, type GuardedStoreOptions } from './guarded-store.js';
export { cacheKey, cacheScope, type CacheScope } from './key.js';
export { MemoryStore, memoryStore } from './memory-store.js';
export {
  resolveCacheOptions,
  resolveEndpointCache,
  type CacheModuleOptions,
  type CachePolicy,
  type EndpointCacheOptions,
  type EndpointCacheSettings,
  type FilledCacheModuleOptions,
  type KeyvStore,
} from './options.js';
export { SingleFlight } from './single-flight.js';
export { AnswerCache } from './answer-cache.js';
