import { ServingError } from '../errors/index.js';
import type { Executor } from './executor.js';
import type { Task } from './task.js';

interface Entry {
  readonly task: Task;
  readonly receiver: object;
  resolve(outcome: unknown): void;
  reject(error: unknown): void;
}

/**
 * Tasks that belong together: the first one waits until the last one has come, so that they are admitted
 * all or none, and fill batches together.
 */
export class TaskGroup {
  readonly #executor: Executor;
  #awaited: number;
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
    return new Promise((resolve, reject) => {
      entries.push({ task, receiver, resolve, reject });
      this.excuse();
    });
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
    let outcomes: Promise<unknown>[];
    try {
      const tasks = entries.map(({ task }) => task);
      outcomes = this.#executor.runAll(tasks, entries[0]!.receiver);
    } catch (error) {
      return entries.forEach(({ reject }) => reject(error));
    }
    // Adopted by `resolve` each of them would take two turns more.
    entries.forEach(({ resolve, reject }, index) => void outcomes[index]!.then(resolve, reject));
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

/** What comes of a run, also where it is there at once. */
export function promised(run: () => unknown): Promise<unknown> {
  try {
    return Promise.resolve(run());
  } catch (error) {
    return Promise.reject(error as Error);
  }
}
