import { availableParallelism } from 'node:os';
import type { ResourceLimits } from 'node:worker_threads';
import { ConfigurationError } from '../../errors/index.js';

/** Options of a `ThreadedModel`. */
export interface ThreadedModelOptions {
  /**
   * Threads to run at most. Each loads the model for itself and runs one call at a time.
   * @default the number of processors
   */
  readonly maxThreads?: number;
  /**
   * Threads to keep, also when idle; they are loaded before the app is ready.
   * @default maxThreads
   */
  readonly minThreads?: number;
  /**
   * Milliseconds after which an idle thread above `minThreads` ends.
   * @default 10_000
   */
  readonly idleTimeout?: number;
  /**
   * Calls that may wait for a thread; one more is refused as `QueueFull`.
   * @default 1024
   */
  readonly maxQueue?: number;
  /**
   * Memory limits of a thread, in megabytes. One that grows over them ends, with its call. Buffers
   * and typed arrays do not count.
   * @default Node's own
   */
  readonly resourceLimits?: ResourceLimits;
  /** A clone of it is `workerData` of `node:worker_threads` in the model's file. */
  readonly workerData?: unknown;
}

export interface FilledOptions extends ThreadedModelOptions {
  readonly maxThreads: number;
  readonly minThreads: number;
  readonly idleTimeout: number;
  readonly maxQueue: number;
}

const NAMES = [
  'maxThreads',
  'minThreads',
  'idleTimeout',
  'maxQueue',
  'resourceLimits',
  'workerData',
] as const satisfies readonly (keyof ThreadedModelOptions)[];

/** @throws ConfigurationError in the name of `owner`. */
export function fillOptions(owner: string, options: ThreadedModelOptions): FilledOptions {
  ConfigurationError.refuseUnknown(owner, options, NAMES);
  const { maxThreads = availableParallelism() } = options;
  const { minThreads = maxThreads, idleTimeout = 10_000, maxQueue = 1024 } = options;
  const whole = (name: string, value: number, min: number, max: number) => {
    if (Number.isInteger(value) && value >= min && value <= max) return;
    const limit = Number.isFinite(max) ? `from ${min} to ${max}` : `of at least ${min}`;
    throw ConfigurationError.expected(owner, name, `a whole number ${limit}`, value);
  };
  whole('maxThreads', maxThreads, 1, Infinity);
  // Piscina does not start a thread for calls that wait when an abort has ended the last one.
  whole('minThreads', minThreads, 1, maxThreads);
  whole('maxQueue', maxQueue, 0, Infinity);
  if (typeof idleTimeout !== 'number' || !(idleTimeout >= 0)) {
    throw ConfigurationError.expected(owner, 'idleTimeout', 'milliseconds', idleTimeout);
  }
  return { ...options, maxThreads, minThreads, idleTimeout, maxQueue };
}
