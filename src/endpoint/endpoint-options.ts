import type { EndpointCacheOptions } from '../cache/index.js';
import type { PredictContext } from '../execution/index.js';

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

/** How an endpoint's calls become jobs. Times are milliseconds. */
export interface JobOptions {
  /**
   * Runs that may fail before the job does. A run is tried again, after a growing pause, where it failed
   * with `UNAVAILABLE`, `DEADLINE_EXCEEDED` or `INTERNAL`: nothing else would end otherwise.
   * @default 3
   */
  attempts?: number;
  /**
   * The deadline of a whole job, waiting, runs and pauses; that of one run is the endpoint's `timeout`.
   * @default 3_600_000, an hour
   */
  timeout?: number;
  /**
   * Jobs that may wait; one more is refused with 429.
   * @default 10_000
   */
  maxWaiting?: number;
  /**
   * Bytes of a job's body, at most; a larger one is a 413.
   * @default 1 MiB
   */
  maxPayload?: number;
  /**
   * Bytes of a job's result, at most; a job with a larger one fails.
   * @default 16 MiB
   */
  maxResult?: number;
  /**
   * Whose job it is that a request makes or asks for, a user's id for example: nobody else finds it.
   * @default behind a guard the request's `user`, where a guard has set one with an `id`, a `sub` or a `userId`, or else
   * its credentials (`Authorization`, `X-Api-Key`, `Cookie`); without a guard everybody's who knows its id
   * @example
   * ```ts
   * jobs: { owner: ({ headers }) => String(headers['x-user']) }
   * ```
   */
  owner?: (context: PredictContext) => string;
}

/** What tensors of the Open Inference Protocol look like, where fields alone do not say. */
export interface OpenInferenceTensors {
  /**
   * By the name of a repeated field of the request: the shape of its tensor as a client sends it, -1 first
   * for the rows, such as `[-1, 28, 28]`; a dimension of -1 may be of any size. A first dimension other
   * than -1 leaves the rows out: `[28, 28]` is the same.
   */
  inputs?: Readonly<Record<string, { readonly shape: readonly number[] }>>;
  /** The same of the response, whose lists then have as many elements as the shape says. */
  outputs?: Readonly<Record<string, { readonly shape: readonly number[] }>>;
}

/** What an endpoint can be told besides its path and schema. Times are milliseconds. */
export interface ModelEndpointOptions<Input = any> {
  /**
   * The model's name in logs, `/__ready`, traces and for clients of Open Inference; metrics name its route.
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
   * Gathers requests into batches; `predict` then takes arrays. `false` where the module's defaults do and
   * this endpoint does not.
   * @default off
   */
  batch?: BatchOptions<Input> | false;
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
  /**
   * Lets clients have a call made a job, by `Prefer: respond-async`: `true`, or how. Needs `JobsModule` of
   * `nestjs-model-serving/jobs` among the app's imports.
   * @default false
   */
  jobs?: boolean | JobOptions;
  /**
   * The tensors that clients of the Open Inference Protocol see, where the app has an
   * `OpenInferenceModule`: lists as matrices.
   *
   * @default a repeated field is a tensor of shape `[-1, -1]`
   * @example
   * ```ts
   * openInference: { inputs: { pixels: { shape: [-1, 28, 28] } } }
   * ```
   */
  openInference?: OpenInferenceTensors;
}

/**
 * Options that `ModelServingModule.forRoot({ defaults })` may set for every endpoint. `batch` and `stream`
 * are for apps all of whose handlers take arrays, or make streams: others say `false`.
 */
export type EndpointDefaults = Pick<
  ModelEndpointOptions,
  | 'timeout'
  | 'maxConcurrency'
  | 'maxQueue'
  | 'stallTimeout'
  | 'batch'
  | 'onBatchError'
  | 'cache'
  | 'stream'
  | 'firstItemTimeout'
  | 'commentInterval'
  | 'maxArrayBytes'
  | 'bodyLimit'
  | 'compress'
  | 'direct'
  | 'jobs'
>;
