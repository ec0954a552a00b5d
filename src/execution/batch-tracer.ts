import type { BatchReason } from './executor.js';
import type { TaskTrace } from './task-trace.js';

/** Traces batches, which belong to none of their tasks alone. */
export interface BatchTracer {
  /** Calls `run`, whose promise ends the batch. Must not throw. */
  runBatch<T>(batch: TracedBatch, run: () => Promise<T>): Promise<T>;
}

export interface TracedBatch {
  /** Of the members that have one. */
  readonly traces: readonly TaskTrace[];
  /** Its items, as `sizeOf` counts them. */
  readonly size: number;
  /** Why it was started; `undefined` for one that runs a task of a failed batch again. */
  readonly reason: BatchReason | undefined;
}
