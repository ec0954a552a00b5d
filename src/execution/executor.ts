import type { ServingError } from '../errors/index.js';
import type { Deferred } from './deferred.js';
import type { PredictContext, Task } from './task.js';

/** How a batched endpoint gathers requests, with every default resolved. */
export interface BatchOptions {
  /** Items a batch holds at most. */
  readonly maxSize: number;
  /**
   * Milliseconds the oldest item waits for others while a slot is free. With 0 a batch starts at
   * once when a slot is free, and forms only while all are busy.
   */
  readonly maxDelay: number;
  /** How many items an input counts for, a whole number (0 counts as 1). One each without it. */
  readonly sizeOf?: (input: unknown) => number;
}

/** How an endpoint's calls are run, with every default resolved. */
export interface ExecutionOptions {
  /** Runs (batches, for a batched endpoint) that hold a slot at once. */
  readonly maxConcurrency: number;
  /** Requests that may wait for a slot; one more is refused. */
  readonly maxQueue: number;
  readonly batch?: BatchOptions;
  /** Whether the handler makes a stream of items, which go to its task's sink. */
  readonly stream?: boolean;
  /** What a throw does to a batch: its items run again one by one, or all of them fail with it. */
  readonly onBatchError: 'isolate' | 'fail';
}

/**
 * Why a batch was started: no more items would fit into it, the oldest had waited `maxDelay`, or a slot
 * was free and none is to be waited for.
 */
export type BatchReason = 'full' | 'delay' | 'idle';

/** Told what an endpoint's executor does, in milliseconds and items. Its methods must not throw. */
export interface ExecutionObserver {
  /** A request was started after waiting so long. */
  queued(ms: number): void;
  /**
   * The handler was run once (for one request, or for a batch of so many items) and took so long to settle;
   * it `failed` where nobody has an answer of it.
   */
  inferred(ms: number, items: number, failed: boolean): void;
  /** A batch of so many items was started. */
  batched(size: number, reason: BatchReason): void;
}

/** A handler: one input and its context or, where the endpoint is batched, an array of each. */
export type Predict = (this: object, input: unknown, context: PredictContext) => unknown;

/** Starts a task's handler on its receiver. */
export type Start = (task: Task, receiver: object) => unknown;

/** {@link Predict} as a batched endpoint has it. */
export type BatchPredict = (this: object, inputs: unknown[], contexts: PredictContext[]) => unknown;

/** A task that is admitted together with others. */
export interface Entry {
  readonly task: Task;
  readonly outcome: Deferred;
}

/** Runs an endpoint's handler within its limits and settles each task exactly once. */
export interface Executor {
  /**
   * Runs the handler on `receiver`. That of a stream ends with `undefined` when the last item has gone
   * to the task's sink. A handler that is not batched, finds a free slot and answers
   * synchronously is answered synchronously, by its value or its throw; refusals are thrown
   * synchronously too. Everything else is a promise.
   *
   * Fails with `QueueFull` (and `retryAfter`), `DeadlineExceeded`, the task's own cancellation,
   * `PayloadTooLarge` (an item larger than any batch), `Internal` (a handler that broke the
   * contract of a batch), or with what the handler threw.
   */
  run(task: Task, receiver: object): unknown;
  /**
   * Runs the handler for each of several tasks, as {@link run} does. They are admitted all or none, so that
   * a batch takes as many of them as it has room for; what becomes of each is its outcome.
   *
   * @throws {ServingError} `PayloadTooLarge` for more of them than there are slots and places to wait,
   * `QueueFull` for more than are free now
   */
  runAll(entries: readonly Entry[], receiver: object): void;
  /** How many tasks there are slots and places to wait for, at most. */
  readonly capacity: number;
  /**
   * Says at once what {@link run} would say of any task that came now, whatever it holds.
   *
   * @throws {ServingError} `QueueFull` where it can neither run nor wait
   */
  refuseWhenFull(): void;
  /** Slots taken: also by work whose request is answered already but which has not yet ended. */
  readonly running: number;
  /**
   * Since when every slot has been held by work whose deadline has passed, on the clock of
   * `performance.now()`; `undefined` while a slot is free, or held by work that is still in time.
   */
  readonly overdueSince: number | undefined;
  /** Requests that wait for a slot, or for others to fill their batch. */
  readonly queued: number;
  /** Fails everything that runs with `begun`, what waits with `waiting`, and aborts its signals. */
  cancelAll(begun: ServingError, waiting?: ServingError): void;
}
