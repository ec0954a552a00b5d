import { AsyncResource } from 'node:async_hooks';
import type { ServingError } from '../errors/index.js';
import type { CancellableTask } from './cancellable-task.js';

/** Milliseconds from one look at the event loop to the next. */
const TICK = Number(process.env['B_TICK'] ?? 5);
/** How late a look may be before the loop counts as lagging. */
const LATE = Number(process.env['B_LATE'] ?? 2);
/** Milliseconds that a refusal is held at most. */
const LONGEST = Number(process.env['B_LONGEST'] ?? 100);
/** Refusals that are held at most; one more is told at once. */
const MOST = 4096;

interface Held {
  readonly refusal: ServingError;
  readonly until: number;
  tell(error: ServingError): void;
}

export class RefusalBrake {
  readonly #held = new Set<Held>();
  readonly #scope = new AsyncResource('ModelServingRefusals');
  #pause = 0;
  #due = 0;
  #timer: NodeJS.Timeout | undefined;

  get held(): number {
    return this.#held.size;
  }

  hold(task: CancellableTask, refusal: ServingError, tell: (error: ServingError) => void): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#look(now);
    if (this.#pause === 0 || this.#held.size >= MOST || task.cancellation !== undefined) {
      return tell(task.cancellation ?? refusal);
    }
    const held = {
      refusal,
      until: Math.min(now + LONGEST, task.deadline),
      tell: (error: ServingError) => {
        this.#held.delete(held);
        task.onCancel(undefined);
        task.inContext(tell, undefined, error);
      },
    };
    this.#held.add(held);
    task.onCancel(held.tell);
  }

  release(): void {
    for (const held of this.#held) held.tell(held.refusal);
  }

  #look(now: number): void {
    this.#due = now + TICK;
    this.#timer = this.#scope.runInAsyncScope(setTimeout, undefined, this.#tick, TICK);
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    const late = now - this.#due;
    if (late > LATE) this.#pause = Math.min(LONGEST, Math.max(TICK * 2, this.#pause * 2));
    else this.#pause = this.#pause > TICK ? this.#pause * 0.9 : 0;
    if (this.#pause === 0) this.release();
    else {
      this.#look(now);
      let share = Math.ceil((this.#held.size * TICK) / this.#pause);
      for (const held of this.#held) {
        if (share-- > 0 || held.until <= now) held.tell(held.refusal);
      }
    }
  };
}
