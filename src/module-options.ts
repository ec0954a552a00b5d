import {
  resolveCacheOptions,
  resolveEndpointCache,
  type CacheModuleOptions,
  type FilledCacheModuleOptions,
} from './cache/index.js';
import type { EndpointDefaults } from './endpoint/endpoint-options.js';
import { checkEndpointDefaults } from './endpoint/filled-options.js';
import { ConfigurationError } from './errors/index.js';
import { LONGEST_DELAY } from './execution/index.js';
import type { ProbePaths } from './http/probes.js';
import { defaultUploadBytes } from './gate/upload-budget.js';

/** What the filled options are provided as. */
export const FILLED_OPTIONS = Symbol('ModelServingOptions');

/** What `ModelServingModule.forRoot` can be told. Times are milliseconds. */
export interface ModelServingOptions {
  /** Defaults for the options of every endpoint; an endpoint's own win. */
  defaults?: EndpointDefaults;
  /** Where the answers of endpoints that cache are kept. */
  cache?: CacheModuleOptions;
  /**
   * Whether metrics are collected, on prom-client's default registry, and shown.
   * @default true
   */
  metrics?: boolean;
  /**
   * Where the app tells of itself; `false` leaves the path to the app.
   * @default { ping: '/__ping', ready: '/__ready', metrics: '/__metrics' }
   */
  paths?: Partial<ProbePaths>;
  /**
   * Whether calls are traced by OpenTelemetry, with @opentelemetry/api and an SDK of the app's, which must
   * be registered before the app is created. With `true` the app does not start without; with `false` it is
   * as if there were none.
   * @default whether an SDK has been registered
   */
  tracing?: boolean;
  /**
   * How long requests are served as before once the app is asked to stop and `/__ready` says 503.
   * @default 0, or what `serve()` says
   */
  drainDelay?: number;
  /**
   * How long, after `drainDelay`, queued and running requests may take before they are cut.
   * @default 30_000, or what `serve()` says
   */
  shutdownTimeout?: number;
  /**
   * Bytes of request bodies, by HTTP and gRPC together, that may be held at once while they are being read;
   * one more is a 429.
   * @default an eighth of V8's heap limit, and at least 64 MiB
   */
  maxUploadBytes?: number;
}

/** What else the static methods take: whether every module of the app sees the library's exports. */
export interface ModelServingExtras {
  /** @default true */
  isGlobal?: boolean;
}

/** {@link ModelServingOptions}, checked and with every default filled in. */
export interface FilledModelServingOptions {
  readonly defaults: EndpointDefaults;
  readonly cache: FilledCacheModuleOptions;
  readonly metrics: boolean;
  readonly paths: ProbePaths;
  readonly tracing: boolean | undefined;
  readonly maxUploadBytes: number;
  readonly drain: { readonly delay?: number; readonly timeout?: number };
}

const OWNER = 'ModelServingModule';
const KNOWN = [
  'defaults',
  'cache',
  'metrics',
  'paths',
  'tracing',
  'drainDelay',
  'shutdownTimeout',
  'maxUploadBytes',
] as const satisfies readonly (keyof ModelServingOptions)[];

/** @throws {ConfigurationError} */
export function fillModuleOptions(options: ModelServingOptions = {}): FilledModelServingOptions {
  expectObject('its options', options);
  ConfigurationError.refuseUnknown(OWNER, options, KNOWN);
  const { defaults = {}, cache, metrics = true, paths = {}, tracing } = options;
  const { drainDelay, shutdownTimeout } = options;
  expectObject('defaults', defaults);
  expectObject('paths', paths);
  checkEndpointDefaults(defaults);
  if (typeof metrics !== 'boolean')
    throw ConfigurationError.expected(OWNER, 'metrics', 'a boolean', metrics);
  if (tracing !== undefined && typeof tracing !== 'boolean')
    throw ConfigurationError.expected(OWNER, 'tracing', 'a boolean', tracing);
  const filledCache = resolveCacheOptions(cache, OWNER);
  resolveEndpointCache(defaults.cache, filledCache.ttl, `${OWNER} defaults`);
  return {
    defaults,
    cache: filledCache,
    metrics,
    paths: fillPaths(paths, metrics),
    tracing,
    maxUploadBytes: uploadBytes(options.maxUploadBytes),
    drain: {
      ...(drainDelay === undefined ? {} : { delay: milliseconds('drainDelay', drainDelay) }),
      ...(shutdownTimeout === undefined
        ? {}
        : { timeout: milliseconds('shutdownTimeout', shutdownTimeout) }),
    },
  };
}

function expectObject(option: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw ConfigurationError.expected(OWNER, option, 'an object', value);
}

function fillPaths(paths: Partial<ProbePaths>, metrics: boolean): ProbePaths {
  ConfigurationError.refuseUnknown(`${OWNER}: paths`, paths, ['ping', 'ready', 'metrics']);
  const { ping = '/__ping', ready = '/__ready', metrics: scraped = '/__metrics' } = paths;
  const filled = { ping, ready, metrics: scraped };
  for (const [name, path] of Object.entries(filled)) {
    if (path !== false && !(typeof path === 'string' && path.startsWith('/'))) {
      throw ConfigurationError.expected(
        OWNER,
        `paths.${name}`,
        'a path that starts with / or false',
        path,
      );
    }
  }
  return metrics ? filled : { ...filled, metrics: false };
}

function uploadBytes(value = defaultUploadBytes()): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw ConfigurationError.expected(OWNER, 'maxUploadBytes', 'a whole number of bytes', value);
}

function milliseconds(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= LONGEST_DELAY) return value;
  throw ConfigurationError.expected(OWNER, option, 'a whole number of milliseconds', value);
}
