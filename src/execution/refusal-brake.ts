import { AsyncResource } from 'node:async_hooks';
import { ServingError } from '../errors/index.js';
import type { CancellableTask } from './cancellable-task.js';

/** Milliseconds from one look at the event loop to the next, while there are refusals. */
const INTERVAL = 5;
/** How many milliseconds late a look is where the loop lags; a timer on an idle one may be one late. */
const LATE = 2;
/** Refusals between two looks that the loop does not lag for: with fewer than these, it has other work. */
const FEW = 16;
/** Milliseconds that a refusal is held at most. */
const LONGEST = 100;
/** Refusals that are held at most; one more is told at once. */
const MOST = 4096;

interface HeldRefusal {
  readonly error: ServingError;
  /** When it is told in any case. */
  readonly until: number;
  tell(error: ServingError): void;
}

/**
 * Holds refusals back for some milliseconds while the event loop lags for their sake. A client that
 * comes again as soon as it is refused is slowed by that; otherwise each turn of the loop would go to
 * refusing all of them once more, and slots, which fall free once a turn, would stand idle in between.
 *
 * How long is found by trying: twice as long whenever a look at the loop is late, a tenth less whenever
 * it is in time. Each look lets out its share of those that are held, lest they come again together.
 */
export class RefusalBrake {
  readonly #held = new Set<HeldRefusal>();
  /** Not the context of the request that happens to be refused first. */
  readonly #scope = new AsyncResource('ModelServingRefusalBrake');
  /** Milliseconds for which refusals are held now; 0 where they are told at once. */
  #pause = 0;
  #due = 0;
  /** Refusals since the last look. */
  #refused = 0;
  #timer: NodeJS.Timeout | undefined;

  /** How many refusals are held. */
  get held(): number {
    return this.#held.size;
  }

  /**
   * Calls `tell` in the context of the task, once: at once with any error but that of a full queue, and
   * with that one when the event loop has time for the client to come again, and not after the deadline
   * of the task. A task that is given up meanwhile is told why.
   */
  hold(task: CancellableTask, error: unknown, tell: (error: unknown) => void): void {
    if (!isQueueFull(error)) return task.inContext(tell, undefined, error);
    const now = performance.now();
    if (this.#timer === undefined) this.#lookLater(now);
    this.#refused++;
    if (this.#pause === 0 || this.#held.size >= MOST || task.cancellation !== undefined) {
      return task.inContext(tell, undefined, error);
    }
    const { deadline } = task;
    const held: HeldRefusal = {
      error,
      until: Math.min(now + LONGEST, deadline),
      tell: (told) => {
        this.#held.delete(held);
        task.onCancel(undefined);
        task.inContext(tell, undefined, told);
      },
    };
    this.#held.add(held);
    task.onCancel(held.tell);
  }

  /** Tells all that are held. */
  release(): void {
    for (const held of this.#held) held.tell(held.error);
  }

  #lookLater(now: number): void {
    this.#due = now + INTERVAL;
    this.#timer = this.#scope.runInAsyncScope(setTimeout, undefined, this.#look, INTERVAL);
  }

  readonly #look = (): void => {
    const now = performance.now();
    const isStorm = this.#refused > FEW && now - this.#due > LATE;
    this.#refused = 0;
    if (isStorm) {
      this.#pause = Math.min(Math.max(this.#pause * 2, 2 * INTERVAL), LONGEST);
    } else {
      this.#pause = this.#pause > INTERVAL ? this.#pause * 0.9 : 0;
    }
    if (this.#pause === 0) {
      this.#timer = undefined;
      return this.release();
    }
    this.#lookLater(now);
    let share = Math.ceil((this.#held.size * INTERVAL) / this.#pause);
    for (const held of this.#held) {
      if (share-- > 0 || held.until <= now) held.tell(held.error);
    }
  };
}

export function isQueueFull(error: unknown): error is ServingError {
  return error instanceof ServingError && error.failure === 'QueueFull';
}
