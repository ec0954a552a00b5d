import { setImmediate } from 'node:timers/promises';
import { messageOfThrown, ServingError } from '../errors/index.js';
import { sourceOf, type ItemSource } from './item-source.js';
import { isThenable } from './pending.js';
import type { Sink } from './sink.js';
import type { Task } from './task.js';
import { TurnClock } from './turn-clock.js';

/**
 * Moves the items of a handler that streams into the sink of its task, the next one only when the sink
 * takes it.
 *
 * @param returned what the handler returned: a stream of whatever kind, or a promise of one
 * @returns a promise of the moment when the handler has really ended: where the task is given up, the
 * iterator's `return()` is called, once, and waited for
 */
export function pump(returned: unknown, task: Task): Promise<void> {
  return new Pump(task).run(returned);
}

class Pump {
  readonly #task: Task;
  readonly #sink: Sink;
  #source: ItemSource | undefined;
  #stopped = false;
  /** Settles when `return()` of the source has, once that has been called. */
  #returned: Promise<unknown> | undefined;
  #wake: (() => void) | undefined;
  #end!: () => void;

  constructor(task: Task) {
    this.#task = task;
    this.#sink = task.sink!;
  }

  async run(returned: unknown): Promise<void> {
    const { signal } = this.#task.context;
    const stop = () => this.#stop();
    signal.addEventListener('abort', stop);
    if (signal.aborted) stop();
    try {
      // An iterator may have ended although what was asked of it last never comes.
      const ended = new Promise<void>((resolve) => (this.#end = resolve));
      await Promise.race([this.#move(returned), ended]);
    } catch (error) {
      if (!this.#stopped) {
        this.#source = undefined; // it has ended itself
        this.#task.abort(new ServingError('Internal', 'The stream has failed', { cause: error }));
        throw error;
      }
    } finally {
      signal.removeEventListener('abort', stop);
      await this.#returned;
    }
    // Whoever waits has been told, but for one who runs again what has failed: it is no whole stream.
    if (this.#stopped) throw signal.reason;
  }

  async #move(returned: unknown): Promise<void> {
    const sink = this.#sink;
    const source = sourceOf(isThenable(returned) ? await returned : returned);
    this.#source = source;
    if (this.#stopped) this.#return(source);
    const clock = new TurnClock();
    while (!this.#stopped) {
      if (sink.isFull) {
        await this.#room();
        clock.turned();
        continue;
      }
      let step: ReturnType<ItemSource['next']> | undefined = source.next();
      let { done, value } = isThenable(step) ? await step : step;
      if (this.#stopped) return;
      if (done) break;
      try {
        sink.take(value);
      } catch (error) {
        this.#task.cancel(named(error));
      }
      // A function that waits keeps what its variables last held: a large item, beside its text.
      step = value = undefined;
      if (clock.isDue()) {
        await setImmediate();
        clock.turned();
      }
    }
    if (!this.#stopped) this.#source = undefined;
  }

  /** Waits until the sink takes more, or until nobody wants any. */
  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#sink.onceReady(resolve);
    });
  }

  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    if (this.#source !== undefined) this.#return(this.#source);
    this.#wake?.();
  }

  #return(source: ItemSource): void {
    if (source.return === undefined) return;
    this.#returned = ended(source).then(this.#end);
  }
}

/** Nobody is left to be told of a `return()` that throws. */
async function ended(source: ItemSource): Promise<void> {
  try {
    await source.return!();
  } catch {
    // It has ended, which is all that was asked.
  }
}

function named(error: unknown): ServingError {
  return error instanceof ServingError
    ? error
    : new ServingError('Internal', messageOfThrown(error), { cause: error });
}
