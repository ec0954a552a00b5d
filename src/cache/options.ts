import type { Keyv } from 'keyv';
import { ConfigurationError } from '../errors/index.js';
import { LONGEST_DELAY, type PredictContext } from '../execution/index.js';
import { appName } from './app-name.js';
import { MAX_BYTES } from './memory-store.js';

/**
 * What is used of a Keyv. The class itself would be one of two: CommonJS has another copy of it than
 * ES modules, and their types do not go together.
 */
export type KeyvStore = Pick<Keyv, 'get' | 'set' | 'delete' | 'clear' | 'disconnect'>;

/**
 * Where answers are kept: the `cache` option of `ModelServingModule.forRoot`.
 *
 * @example
 * ```ts
 * import { createKeyv } from '@keyv/redis';
 *
 * ModelServingModule.forRoot({ cache: { stores: [createKeyv('redis://localhost:6379')], ttl: 60_000 } })
 * ```
 */
export interface CacheModuleOptions {
  /**
   * Keyv stores, asked in this order; answers are written to all of them. Each is disconnected when
   * the app has shut down.
   * @default one in memory, bounded by `maxEntries`
   */
  stores?: readonly KeyvStore[];
  /**
   * Milliseconds an answer is kept, for endpoints that say nothing else. 0 is refused: for Keyv it
   * would mean for ever. To keep nothing, leave the endpoint's `cache` off.
   * @default 300_000
   */
  ttl?: number;
  /**
   * Answers the store in memory holds, at least 1; one more drops the one not used for longest. It
   * has no meaning beside `stores`.
   * @default 100_000
   */
  maxEntries?: number;
  /**
   * Bytes the store in memory holds, keys and its own bookkeeping included, at least 1; what is more
   * drops the answers not used for longest, and an answer larger than that is not kept. It has no
   * meaning beside `stores`.
   * @default 268_435_456, which is 256 MiB
   */
  maxBytes?: number;
  /**
   * Milliseconds a request waits for the stores, at least 1; after that it is served without them. The
   * app's end waits as long for what is being written.
   * @default 250
   */
  timeout?: number;
  /**
   * Belongs to every key, so that apps on one store never read each other's answers. Apps that are to
   * share them take the same one.
   * @default the `name` in the package.json nearest to the app's main file
   */
  namespace?: string;
  /**
   * Whether a client's `Cache-Control` counts: `no-cache` for a new answer, `no-store` for one that
   * is not kept either.
   * @default true
   */
  clientControl?: boolean;
}

/** How one endpoint's answers are kept: `true` for the module's ways, `false` against `defaults`. */
export type EndpointCacheOptions<Input = any> = boolean | EndpointCacheSettings<Input>;

/** How one endpoint's answers are kept, where it differs from the module's ways. */
export interface EndpointCacheSettings<Input = any> {
  /**
   * Milliseconds an answer is kept, a whole number of at least 1.
   * @default the module's `ttl`
   */
  ttl?: number;
  /**
   * Gives the key of an input in place of the whole input, or `undefined` for one whose answer is
   * neither looked up nor kept. Endpoint, version, schema, `vary` and the route's parameters and
   * query belong to the key as well. Where callers may differ in what they are answered (a guard, an
   * `Authorization` header, a request-scoped class), it has to say what sets them apart.
   * @default the whole canonical input
   * @example
   * ```ts
   * cache: { key: ({ text, debug }) => (debug ? undefined : text.trim().toLowerCase()) }
   * ```
   */
  key?: (input: Input, context: PredictContext) => string | undefined;
  /**
   * Names of request headers on which answers depend; requests that differ in one never share an
   * answer. Behind a guard at least one has to be named, and a request with `Authorization` is served
   * from the cache only where that one is.
   * @default none
   * @example
   * ```ts
   * cache: { vary: ['Authorization', 'Accept-Language'] }
   * ```
   */
  vary?: readonly string[];
  /**
   * Says that all callers may get the same answers: guards and `Authorization` decide who may call,
   * and nothing about the answer. What a guard in front of a public model, such as a throttler, needs.
   * @default false
   */
  shared?: boolean;
}

/** {@link CacheModuleOptions} with every default filled in. */
export interface FilledCacheModuleOptions {
  /** `undefined` for the store in memory. */
  readonly stores: readonly Keyv[] | undefined;
  readonly ttl: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly timeout: number;
  readonly namespace: string;
  readonly clientControl: boolean;
}

/** How an endpoint that caches does it, with every default filled in. */
export interface CachePolicy {
  readonly ttl: number;
  readonly key: ((input: unknown, context: PredictContext) => string | undefined) | undefined;
  /** Header names in lower case. */
  readonly vary: readonly string[];
  readonly shared: boolean;
}

const MODULE_OPTIONS = [
  'stores',
  'ttl',
  'maxEntries',
  'maxBytes',
  'timeout',
  'namespace',
  'clientControl',
];

/** `token` of RFC 9110, section 5.6.2; `*` alone is no header. */
const HEADER_NAME = /^(?!\*$)[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Checks the module's cache options and fills in the defaults; at boot.
 *
 * @param owner who is named in the error
 * @throws ConfigurationError
 */
export function resolveCacheOptions(
  options: CacheModuleOptions | undefined,
  owner: string,
): FilledCacheModuleOptions {
  const given: unknown = options ?? {};
  if (!isObject(given)) {
    throw ConfigurationError.expected(owner, 'cache', 'an object', given);
  }
  ConfigurationError.refuseUnknown(`${owner}: cache`, given, MODULE_OPTIONS);
  const {
    stores,
    ttl = 300_000,
    maxEntries = 100_000,
    maxBytes = MAX_BYTES,
    timeout = 250,
    namespace = appName(),
    clientControl = true,
  }: CacheModuleOptions = given;
  if (stores !== undefined && !(Array.isArray(stores) && stores.every(isKeyv))) {
    throw ConfigurationError.expected(owner, 'cache.stores', 'an array of Keyv stores', stores);
  }
  if (typeof namespace !== 'string') {
    throw ConfigurationError.expected(owner, 'cache.namespace', 'a string', namespace);
  }
  return {
    stores: stores?.length ? stores : undefined,
    ttl: wholeNumber(ttl, owner, 'cache.ttl', Number.MAX_SAFE_INTEGER),
    // An LRU sets room aside for all its entries at once.
    maxEntries: wholeNumber(maxEntries, owner, 'cache.maxEntries', 2 ** 24),
    maxBytes: wholeNumber(maxBytes, owner, 'cache.maxBytes', Number.MAX_SAFE_INTEGER),
    timeout: wholeNumber(timeout, owner, 'cache.timeout', LONGEST_DELAY),
    namespace,
    clientControl: boolean(clientControl, owner, 'cache.clientControl'),
  };
}

/**
 * Checks an endpoint's `cache` option and fills in the defaults; at boot.
 *
 * @param ttl the module's
 * @param owner who is named in the error
 * @returns `undefined` for an endpoint that does not cache
 * @throws ConfigurationError
 */
export function resolveEndpointCache(
  options: EndpointCacheOptions | undefined,
  ttl: number,
  owner: string,
): CachePolicy | undefined {
  if (options === undefined || options === false) return undefined;
  const given: unknown = options === true ? {} : options;
  if (!isObject(given)) {
    throw ConfigurationError.expected(owner, 'cache', 'true, false or an object', given);
  }
  ConfigurationError.refuseUnknown(`${owner}: cache`, given, ['ttl', 'key', 'vary', 'shared']);
  const { key, vary = [], ttl: own = ttl, shared = false }: EndpointCacheSettings = given;
  if (key !== undefined && typeof key !== 'function') {
    throw ConfigurationError.expected(owner, 'cache.key', 'a function', key);
  }
  if (!Array.isArray(vary) || !vary.every(isHeaderName)) {
    throw ConfigurationError.expected(owner, 'cache.vary', 'an array of header names', vary);
  }
  return {
    ttl: wholeNumber(own, owner, 'cache.ttl', Number.MAX_SAFE_INTEGER),
    key,
    vary: vary.map((name) => name.toLowerCase()),
    shared: boolean(shared, owner, 'cache.shared'),
  };
}

function boolean(value: unknown, owner: string, option: string): boolean {
  if (typeof value === 'boolean') return value;
  throw ConfigurationError.expected(owner, option, 'a boolean', value);
}

function wholeNumber(value: unknown, owner: string, option: string, max: number): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max) {
    return value as number;
  }
  const range = max === Number.MAX_SAFE_INTEGER ? 'of at least 1' : `from 1 to ${max}`;
  throw ConfigurationError.expected(owner, option, `a whole number ${range}`, value);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isHeaderName(value: unknown): value is string {
  return typeof value === 'string' && HEADER_NAME.test(value);
}

/** By shape: the app may have another copy of Keyv than this package. */
function isKeyv(value: unknown): value is Keyv {
  if (typeof value !== 'object' || value === null) return false;
  const { get, set, delete: remove, clear, disconnect } = value as Partial<Keyv>;
  return [get, set, remove, clear, disconnect].every((method) => typeof method === 'function');
}
