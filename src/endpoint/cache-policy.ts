import {
  resolveEndpointCache,
  type CachePolicy,
  type EndpointCacheOptions,
} from '../cache/index.js';
import { ConfigurationError } from '../errors/index.js';

/** What there is about an endpoint that may make its answers differ from caller to caller. */
export interface CacheSurroundings {
  /** Whether a guard of the app, the class or the method stands on the way. */
  readonly guarded: boolean;
  /** Whether the class, or what it is bound to, is made for each request. */
  readonly requestScoped: boolean;
  /** Whether the route answers more than one host. */
  readonly manyHosts: boolean;
}

/** What a host is told by: HTTP/1, HTTP/2, a proxy. */
const HOST_HEADERS = ['host', ':authority', 'x-forwarded-host'];

/**
 * How an endpoint caches, `undefined` where it does not.
 *
 * @param ttl the module's
 * @throws {ConfigurationError} where one caller could be answered what another was
 */
export function resolveCachePolicy(
  options: EndpointCacheOptions | undefined,
  ttl: number,
  owner: string,
  { guarded, requestScoped, manyHosts }: CacheSurroundings,
): CachePolicy | undefined {
  const policy = resolveEndpointCache(options, ttl, owner);
  if (policy === undefined) return undefined;
  const { key, vary, shared } = policy;
  if (requestScoped && key === undefined) {
    throw new ConfigurationError(
      `${owner}: expected cache.key beside a request scope, to say what of the request its answers depend on, or cache: false, got a cache without`,
    );
  }
  if (guarded && key === undefined && vary.length === 0 && !shared) {
    throw new ConfigurationError(
      `${owner}: expected cache.key or cache.vary to say what sets callers apart behind a guard, or cache.shared: true where all of them may get the same answers (behind a ThrottlerGuard, for example), got a cache without`,
    );
  }
  return manyHosts ? { ...policy, vary: [...vary, ...HOST_HEADERS] } : policy;
}
