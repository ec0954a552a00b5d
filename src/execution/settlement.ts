import type { ServingError } from '../errors/index.js';
import { deadlineExceeded, delayUntil } from './deadline.js';
import { Deferred } from './deferred.js';
import type { QueueEntry, TaskQueue } from './task-queue.js';
import type { Task } from './task.js';

/**
 * The promised answer of one task: settled once, by whichever comes first of its result, its
 * deadline and its cancellation. Settling takes it out of the queue it is in.
 */
export class Settlement implements QueueEntry<Settlement> {
  queue: TaskQueue<Settlement> | undefined;
  previous: Settlement | undefined;
  next: Settlement | undefined;
  /** Called when the task was given up (cancelled or expired) rather than answered. */
  onGone: (() => void) | undefined;
  #settled = false;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly task: Task,
    readonly receiver: object,
    /** How many items of a batch the task's input counts for. */
    readonly size: number,
    /** When the task was admitted, on the clock of `performance.now()`. */
    readonly since: number,
    readonly outcome = new Deferred(),
  ) {
    if (!task.isTimedElsewhere) {
      this.#timer = setTimeout(expire, delayUntil(task.deadline, performance.now()), this);
    }
    task.onCancel((reason) => this.giveUp(reason));
    // A handler's synchronous part may have cancelled its own task before it gave us a promise.
    if (task.cancellation) this.giveUp(task.cancellation);
  }

  get promise(): Promise<unknown> {
    return this.outcome.promise;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Answers with a result that is ready at `now`; one that comes after the deadline is too late. */
  resolve(value: unknown, now: number): void {
    if (now >= this.task.deadline) this.expire();
    else if (this.#settle()) this.outcome.resolve(value);
  }

  /** Fails with what the handler threw at `now`. */
  reject(error: unknown, now: number): void {
    if (now >= this.task.deadline) this.expire(error);
    else if (this.#settle()) this.outcome.reject(error);
  }

  /** The deadline has passed. */
  expire(cause?: unknown): void {
    if (!this.#settled) this.giveUp(deadlineExceeded(cause));
  }

  /** Nobody waits for the answer any more. */
  giveUp(reason: ServingError): void {
    if (!this.#settle()) return;
    this.outcome.reject(reason);
    this.task.abort(reason);
    this.onGone?.();
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.task.onCancel(undefined);
    this.queue?.remove(this);
    return true;
  }
}

function expire(settlement: Settlement): void {
  settlement.expire();
}
