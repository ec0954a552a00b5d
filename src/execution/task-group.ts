import { ServingError } from '../errors/index.js';
import { Deferred } from './deferred.js';
import type { Entry, Executor } from './executor.js';
import type { Task } from './task.js';

/**
 * Tasks that belong together: the first one waits until the last one has come, so that they are admitted
 * all or none, and fill batches together.
 */
export class TaskGroup {
  readonly #executor: Executor;
  #awaited: number;
  #receiver!: object;
  /** Those that have come; `undefined` once they have been admitted. */
  #entries: Entry[] | undefined = [];

  /** @param size how many tasks come, or are excused */
  constructor(executor: Executor, size: number) {
    this.#executor = executor;
    this.#awaited = size;
  }

  /** As that of {@link Executor}; a task that comes after all others is admitted by itself. */
  run(task: Task, receiver: object): unknown {
    const entries = this.#entries;
    if (entries === undefined) return this.#executor.run(task, receiver);
    const outcome = new Deferred();
    this.#receiver = receiver;
    entries.push({ task, outcome });
    this.excuse();
    return outcome.promise;
  }

  /** One task fewer is to come. */
  excuse(): void {
    if (--this.#awaited === 0) this.admit();
  }

  /** Waits for no more of them. */
  admit(): void {
    const entries = this.#entries;
    this.#entries = undefined;
    if (entries === undefined || entries.length === 0) return;
    try {
      this.#executor.runAll(entries, this.#receiver);
    } catch (error) {
      for (const { outcome } of entries) outcome.reject(error);
    }
  }
}

/** @throws {ServingError} for what no waiting helps */
export function refuseBeyond(capacity: number, tasks: number): void {
  if (tasks <= capacity) return;
  throw new ServingError(
    'PayloadTooLarge',
    `Expected at most ${capacity} inputs in a request, got ${tasks}`,
  );
}
