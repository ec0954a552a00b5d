import { delayUntil } from './deadline.js';
import type { BatchOptions, BatchReason } from './executor.js';
import type { Settlement } from './settlement.js';
import { TaskQueue } from './task-queue.js';

/** Those that wait, in the order they came, of whom batches are made from the head on. */
export class Gathering extends TaskQueue<Settlement> {
  readonly #options: BatchOptions;
  readonly #onDelayOver: () => void;
  /** The oldest, while a timer runs for its `maxDelay`. */
  #delayed: Settlement | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BatchOptions, onDelayOver: () => void) {
    super();
    this.#options = options;
    this.#onDelayOver = onDelayOver;
  }

  /** Why the batch that begins with `oldest` is due, if it is. */
  dueReason(oldest: Settlement): BatchReason | undefined {
    const { maxSize, maxDelay } = this.#options;
    if (this.size >= maxSize) return 'full';
    if (maxDelay === 0) return 'idle';
    return performance.now() - oldest.since >= maxDelay ? 'delay' : undefined;
  }

  /** Moves the next batch to `started`: as many as fit, in order, none that has expired. */
  take(now: number, started: TaskQueue<Settlement>): Settlement[] {
    const members: Settlement[] = [];
    let room = this.#options.maxSize;
    for (let next = this.head; next; next = this.head) {
      const expired = next.task.deadline <= now;
      // A handler of another instance (a request-scoped one) has a batch of its own.
      const sameHandler = members.length === 0 || next.receiver === members[0]!.receiver;
      if (!expired && (next.size > room || !sameHandler)) break;
      this.remove(next);
      next.onGone = undefined;
      if (expired) {
        next.expire();
      } else {
        started.push(next);
        room -= next.size;
        members.push(next);
      }
    }
    // Whoever heard of an expired task may have cancelled others.
    return members.filter(({ settled }) => !settled);
  }

  /** A timer runs only while a batch gathers for a free slot. */
  setTimer(hasSlot: boolean): void {
    const oldest = hasSlot ? this.head : undefined;
    if (oldest === this.#delayed) return;
    clearTimeout(this.#timer);
    this.#delayed = oldest;
    if (!oldest) return;
    const end = oldest.since + this.#options.maxDelay;
    this.#timer = setTimeout(this.#delayOver, delayUntil(end, performance.now()));
  }

  readonly #delayOver = () => {
    this.#delayed = undefined;
    this.#onDelayOver();
  };
}
