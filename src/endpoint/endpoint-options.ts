import type { EndpointCacheOptions } from '../cache/index.js';
import { ConfigurationError } from '../errors/index.js';

/** How requests are gathered into one call of `predict(inputs[], contexts[])`. */
export interface BatchOptions<Input = any> {
  /**
   * Items in one batch, at most.
   * @default 32
   */
  maxSize?: number;
  /**
   * Milliseconds the oldest item of a batch may wait for company. 0 starts a batch at once when a
   * slot is free, so that batches form only while all slots are busy.
   * @default 0
   */
  maxDelay?: number;
  /**
   * How many items an input counts for, such as its rows. One larger than `maxSize` is a 413.
   * @default every input counts as 1
   * @example
   * ```ts
   * batch: { maxSize: 64, sizeOf: ({ rows }) => rows.length }
   * ```
   */
  sizeOf?: (input: Input) => number;
}

/** What an endpoint can be told besides its path and schema. Times are milliseconds. */
export interface ModelEndpointOptions<Input = any> {
  /**
   * The model's name in logs and metrics.
   * @default the class's name, with the method's for the method form
   */
  name?: string;
  /** The model's version in logs, `/__ready` and cache keys. A new version never reads the old one's entries. */
  version?: string;
  /**
   * End-to-end deadline, waiting and running; that of a whole stream. `X-Request-Timeout-Ms` may only shorten it.
   * @default 30_000
   */
  timeout?: number;
  /**
   * Calls that run at once; batches, for a batched endpoint.
   * @default 128, for a batched endpoint 1
   */
  maxConcurrency?: number;
  /**
   * Requests that may wait for a slot; one more is refused with 429.
   * @default 1024
   */
  maxQueue?: number;
  /**
   * How long past their deadline calls may hold all slots before `/__ready` says that the endpoint is
   * stalled: work that never ends, which only a restart can clear away.
   * @default 30_000
   */
  stallTimeout?: number;
  /**
   * Gathers requests into batches; `predict` then takes arrays.
   * @default off
   */
  batch?: BatchOptions<Input>;
  /**
   * What a throw of a batched `predict` means: `'isolate'` runs the items again one by one, so that
   * only the poisoned one fails; `'fail'` fails them all.
   * @default 'isolate'
   */
  onBatchError?: 'isolate' | 'fail';
  /**
   * Inputs that are run at boot, and must succeed, before the app is ready.
   * @example
   * ```ts
   * warmup: [{ title: 'Guten Morgen' }]
   * ```
   */
  warmup?: readonly NoInfer<Input>[];
  /**
   * Keeps answers: `true`, or `{ ttl, key, vary, shared }`. Behind a guard it has to say what sets
   * callers apart, or that they share.
   * @default off
   */
  cache?: EndpointCacheOptions<Input>;
  /**
   * `predict` makes a stream of answers: it is an async generator, or returns an (async) iterable, a
   * `ReadableStream`, a `Readable` of objects or an Observable. Clients choose its form by `Accept`:
   * server-sent events, lines of JSON, or an array.
   * @default false
   * @example
   * ```ts
   * @ModelEndpoint('/story', storySchema, { stream: true })
   * export class Story {
   *   async *predict({ prompt }: Prompt, { signal }: PredictContext) {
   *     for await (const word of this.model.speak(prompt, { signal })) yield { word };
   *   }
   * }
   * ```
   */
  stream?: boolean;
  /**
   * How long a stream may take until its first item, from the arrival of the request; `timeout` is that
   * of the whole stream.
   * @default off
   */
  firstItemTimeout?: number;
  /**
   * How long server-sent events may be silent, from the first item on, before a comment is sent that keeps
   * proxies from cutting the connection. 0 sends none.
   * @default 15_000
   */
  commentInterval?: number;
  /**
   * Bytes of a stream's items, at most, for a client that wants them as one JSON array, which is held until
   * it is whole; a larger one is a 413.
   * @default 16 MiB
   */
  maxArrayBytes?: number;
  /**
   * Bytes of a request's body, at most, after decompression; a larger one is a 413.
   * @default 10 MiB
   */
  bodyLimit?: number;
  /**
   * Answers of more than 1 KiB go out compressed, by brotli or gzip, as `Accept-Encoding` allows, and so
   * do streams, item by item. A proxy in front of the app does it for less.
   * @default false
   */
  compress?: boolean;
  /**
   * Whether requests may take the direct lane, where nothing of the app's stands between Node's HTTP
   * server and the endpoint: past Express, Fastify and Nest's router, at a fraction of their cost. `false`
   * takes every request Nest's route, for libraries that have to see each as a request of the framework.
   * @default true
   */
  direct?: boolean;
}

/** Options that `ModelServingModule.forRoot({ defaults })` may set for every endpoint. */
export type EndpointDefaults = Pick<
  ModelEndpointOptions,
  | 'timeout'
  | 'maxConcurrency'
  | 'maxQueue'
  | 'stallTimeout'
  | 'onBatchError'
  | 'cache'
  | 'firstItemTimeout'
  | 'commentInterval'
  | 'maxArrayBytes'
  | 'bodyLimit'
  | 'compress'
  | 'direct'
>;

/** An endpoint's options with every default filled in. */
export interface FilledEndpointOptions {
  readonly name: string;
  readonly version: string | undefined;
  readonly timeout: number;
  readonly maxConcurrency: number;
  readonly maxQueue: number;
  readonly stallTimeout: number;
  readonly batch:
    | (Required<Pick<BatchOptions, 'maxSize' | 'maxDelay'>> & Pick<BatchOptions, 'sizeOf'>)
    | undefined;
  readonly onBatchError: 'isolate' | 'fail';
  readonly warmup: readonly unknown[];
  readonly cache: EndpointCacheOptions | undefined;
  readonly stream: boolean;
  readonly firstItemTimeout: number | undefined;
  readonly commentInterval: number;
  readonly maxArrayBytes: number;
  readonly bodyLimit: number;
  readonly compress: boolean;
  readonly direct: boolean;
}

interface Rule {
  readonly expected: string;
  accepts(value: unknown): boolean;
}

const wholeNumber = (min: number, max = Number.MAX_SAFE_INTEGER): Rule => ({
  expected:
    max === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${min}`
      : `a whole number from ${min} to ${max}`,
  accepts: (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
});
const text: Rule = {
  expected: 'a string that is not empty',
  accepts: (value) => typeof value === 'string' && value !== '',
};
const aFunction: Rule = { expected: 'a function', accepts: (value) => typeof value === 'function' };
const anObject: Rule = {
  expected: 'an object',
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};
const aBoolean: Rule = { expected: 'a boolean', accepts: (value) => typeof value === 'boolean' };
const anArray: Rule = { expected: 'an array of inputs', accepts: Array.isArray };

/** Node's timers hold no more milliseconds than this. */
const LONGEST_TIMER = 2 ** 31 - 1;

const ENDPOINT_RULES: Record<keyof ModelEndpointOptions, Rule | undefined> = {
  name: text,
  version: text,
  timeout: wholeNumber(1, LONGEST_TIMER),
  maxConcurrency: wholeNumber(1),
  maxQueue: wholeNumber(0),
  stallTimeout: wholeNumber(0, LONGEST_TIMER),
  batch: anObject,
  onBatchError: {
    expected: "'isolate' or 'fail'",
    accepts: (value) => value === 'isolate' || value === 'fail',
  },
  warmup: anArray,
  cache: undefined, // its own room checks it
  stream: aBoolean,
  firstItemTimeout: wholeNumber(1, LONGEST_TIMER),
  commentInterval: wholeNumber(0, LONGEST_TIMER),
  maxArrayBytes: wholeNumber(1),
  bodyLimit: wholeNumber(1),
  compress: aBoolean,
  direct: aBoolean,
};

const BATCH_RULES: Record<keyof BatchOptions, Rule> = {
  maxSize: wholeNumber(1),
  maxDelay: wholeNumber(0, LONGEST_TIMER),
  sizeOf: aFunction,
};

const DEFAULTABLE = [
  'timeout',
  'maxConcurrency',
  'maxQueue',
  'stallTimeout',
  'onBatchError',
  'cache',
  'firstItemTimeout',
  'commentInterval',
  'maxArrayBytes',
  'bodyLimit',
  'compress',
  'direct',
];

function check(
  owner: string,
  options: object,
  rules: Record<string, Rule | undefined>,
  prefix = '',
): void {
  if (!anObject.accepts(options)) {
    throw ConfigurationError.expected(owner, 'its options', anObject.expected, options);
  }
  ConfigurationError.refuseUnknown(owner, options, Object.keys(rules));
  for (const [key, value] of Object.entries(options)) {
    const rule = rules[key];
    if (value !== undefined && rule !== undefined && !rule.accepts(value)) {
      throw ConfigurationError.expected(owner, `${prefix}${key}`, rule.expected, value);
    }
  }
}

/** Checks what an app gives as `defaults`; throws a {@link ConfigurationError}. */
export function checkEndpointDefaults(defaults: EndpointDefaults): void {
  const owner = 'ModelServingModule defaults';
  ConfigurationError.refuseUnknown(owner, defaults, DEFAULTABLE);
  check(owner, defaults, ENDPOINT_RULES);
}

/** Fills in every default once, at boot; throws a {@link ConfigurationError} that names `owner`. */
export function fillEndpointOptions(
  owner: string,
  name: string,
  options: ModelEndpointOptions,
  defaults: EndpointDefaults,
): FilledEndpointOptions {
  check(owner, options, ENDPOINT_RULES);
  if (options.batch) check(owner, options.batch, BATCH_RULES, 'batch.');
  const { stream = false } = options;
  if (stream) refuseBeside(owner, options);
  else refuseWithout(owner, options);
  const given = <K extends keyof EndpointDefaults>(key: K) => options[key] ?? defaults[key];
  return {
    name: options.name ?? name,
    version: options.version,
    timeout: given('timeout') ?? 30_000,
    maxConcurrency: given('maxConcurrency') ?? (options.batch ? 1 : 128),
    maxQueue: given('maxQueue') ?? 1024,
    stallTimeout: given('stallTimeout') ?? 30_000,
    batch: options.batch && {
      maxSize: options.batch.maxSize ?? 32,
      maxDelay: options.batch.maxDelay ?? 0,
      sizeOf: options.batch.sizeOf,
    },
    onBatchError: given('onBatchError') ?? 'isolate',
    warmup: options.warmup ?? [],
    // Of a stream there is no answer to keep.
    cache: stream ? undefined : given('cache'),
    stream,
    firstItemTimeout: given('firstItemTimeout'),
    commentInterval: given('commentInterval') ?? 15_000,
    maxArrayBytes: given('maxArrayBytes') ?? 16 * 1024 * 1024,
    bodyLimit: given('bodyLimit') ?? 10 * 1024 * 1024,
    compress: given('compress') ?? false,
    direct: given('direct') ?? true,
  };
}

/** What a stream cannot have: its items are neither kept nor gathered. */
function refuseBeside(owner: string, { batch, cache }: ModelEndpointOptions): void {
  const other = batch ? 'batch' : cache ? 'cache' : undefined;
  if (other === undefined) return;
  throw new ConfigurationError(
    `${owner}: expected stream or ${other}, got both: a stream is ${batch ? 'made for one request' : 'never kept'}`,
  );
}

const OF_STREAMS = ['firstItemTimeout', 'commentInterval', 'maxArrayBytes'] as const;

function refuseWithout(owner: string, options: ModelEndpointOptions): void {
  const option = OF_STREAMS.find((key) => options[key] !== undefined);
  if (option === undefined) return;
  throw new ConfigurationError(
    `${owner}: expected stream: true beside ${option}, got ${option} without a stream`,
  );
}
