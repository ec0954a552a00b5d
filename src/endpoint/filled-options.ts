import type { EndpointCacheOptions } from '../cache/index.js';
import { ConfigurationError } from '../errors/index.js';
import { LONGEST_DELAY } from '../execution/index.js';
import type {
  BatchOptions,
  EndpointDefaults,
  JobOptions,
  ModelEndpointOptions,
  OpenInferenceTensors,
} from './endpoint-options.js';

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
  readonly jobs: FilledJobOptions | undefined;
  readonly openInference: OpenInferenceTensors | undefined;
}

export type FilledJobOptions = Required<Omit<JobOptions, 'owner'>> & Pick<JobOptions, 'owner'>;

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

const ENDPOINT_RULES: Record<keyof ModelEndpointOptions, Rule | undefined> = {
  name: text,
  version: text,
  timeout: wholeNumber(1, LONGEST_DELAY),
  maxConcurrency: wholeNumber(1),
  maxQueue: wholeNumber(0),
  stallTimeout: wholeNumber(0, LONGEST_DELAY),
  batch: {
    expected: anObject.expected,
    accepts: (value) => value === false || anObject.accepts(value),
  },
  onBatchError: {
    expected: "'isolate' or 'fail'",
    accepts: (value) => value === 'isolate' || value === 'fail',
  },
  warmup: anArray,
  cache: undefined, // its own room checks it
  stream: aBoolean,
  firstItemTimeout: wholeNumber(1, LONGEST_DELAY),
  commentInterval: wholeNumber(0, LONGEST_DELAY),
  maxArrayBytes: wholeNumber(1),
  bodyLimit: wholeNumber(1),
  compress: aBoolean,
  direct: aBoolean,
  openInference: anObject,
  jobs: {
    expected: 'true, false or an object',
    accepts: (value) => aBoolean.accepts(value) || anObject.accepts(value),
  },
};

const JOB_RULES: Record<keyof JobOptions, Rule> = {
  attempts: wholeNumber(1),
  timeout: wholeNumber(1, LONGEST_DELAY),
  maxWaiting: wholeNumber(0),
  maxPayload: wholeNumber(1),
  maxResult: wholeNumber(1),
  owner: aFunction,
};

const BATCH_RULES: Record<keyof BatchOptions, Rule> = {
  maxSize: wholeNumber(1),
  maxDelay: wholeNumber(0, LONGEST_DELAY),
  sizeOf: aFunction,
};

const DEFAULTABLE = [
  'timeout',
  'maxConcurrency',
  'maxQueue',
  'stallTimeout',
  'batch',
  'onBatchError',
  'cache',
  'stream',
  'firstItemTimeout',
  'commentInterval',
  'maxArrayBytes',
  'bodyLimit',
  'compress',
  'direct',
  'jobs',
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
  checkOptions(owner, defaults);
}

function checkOptions(owner: string, options: ModelEndpointOptions): void {
  check(owner, options, ENDPOINT_RULES);
  if (options.batch) check(owner, options.batch, BATCH_RULES, 'batch.');
  if (typeof options.jobs === 'object') check(owner, options.jobs, JOB_RULES, 'jobs.');
}

/** Fills in every default once, at boot; throws a {@link ConfigurationError} that names `owner`. */
export function fillEndpointOptions(
  owner: string,
  name: string,
  options: ModelEndpointOptions,
  defaults: EndpointDefaults,
): FilledEndpointOptions {
  checkOptions(owner, options);
  const given = <K extends keyof EndpointDefaults>(key: K) => options[key] ?? defaults[key];
  const stream = given('stream') ?? false;
  if (stream) refuseBeside(owner, options);
  else refuseWithout(owner, options);
  // Of a stream there is no answer to keep or to gather, whatever the defaults say.
  const batch = (!stream && given('batch')) || undefined;
  return {
    name: options.name ?? name,
    version: options.version,
    timeout: given('timeout') ?? 30_000,
    maxConcurrency: given('maxConcurrency') ?? (batch ? 1 : 128),
    maxQueue: given('maxQueue') ?? 1024,
    stallTimeout: given('stallTimeout') ?? 30_000,
    batch: batch && {
      maxSize: batch.maxSize ?? 32,
      maxDelay: batch.maxDelay ?? 0,
      sizeOf: batch.sizeOf,
    },
    onBatchError: given('onBatchError') ?? 'isolate',
    warmup: options.warmup ?? [],
    cache: stream ? undefined : given('cache'),
    stream,
    firstItemTimeout: given('firstItemTimeout'),
    commentInterval: given('commentInterval') ?? 15_000,
    maxArrayBytes: given('maxArrayBytes') ?? 16 * 1024 * 1024,
    bodyLimit: given('bodyLimit') ?? 10 * 1024 * 1024,
    compress: given('compress') ?? false,
    direct: given('direct') ?? true,
    openInference: options.openInference,
    jobs: fillJobOptions(given('jobs') ?? false),
  };
}

function fillJobOptions(jobs: boolean | JobOptions): FilledJobOptions | undefined {
  if (jobs === false) return undefined;
  const given = jobs === true ? {} : jobs;
  return {
    attempts: given.attempts ?? 3,
    timeout: given.timeout ?? 3_600_000,
    maxWaiting: given.maxWaiting ?? 10_000,
    maxPayload: given.maxPayload ?? 1024 * 1024,
    maxResult: given.maxResult ?? 16 * 1024 * 1024,
    owner: given.owner,
  };
}

/** What a stream cannot have: its items are neither kept nor gathered. */
function refuseBeside(owner: string, { batch, cache, stream }: ModelEndpointOptions): void {
  const other = batch ? 'batch' : cache ? 'cache' : undefined;
  if (other === undefined) return;
  const origin = stream === undefined ? ", stream from the module's defaults" : '';
  throw new ConfigurationError(
    `${owner}: expected stream or ${other}, got both${origin}: a stream is ${batch ? 'made for one request' : 'never kept'}`,
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
