import type { CancellableTask } from './cancellable-task.js';
import type { CallLog, PredictContext } from './task.js';

/** What the context of a task says of where it came from. */
export type TaskOrigin = Pick<
  PredictContext,
  'requestId' | 'headers' | 'params' | 'query' | 'log'
> &
  Partial<Pick<PredictContext, 'progress'>>;

/** What a handler sees of a task: its signal and deadline, and where it came from. */
export class TaskContext implements PredictContext {
  readonly #task: CancellableTask;
  readonly #origin: TaskOrigin;

  constructor(task: CancellableTask, origin: TaskOrigin) {
    this.#task = task;
    this.#origin = origin;
  }

  get signal(): AbortSignal {
    return this.#task.signal;
  }

  get deadline(): number {
    return Math.round(performance.timeOrigin + this.#task.deadline);
  }

  get requestId(): string {
    return this.#origin.requestId;
  }

  get headers(): PredictContext['headers'] {
    return this.#origin.headers;
  }

  get params(): PredictContext['params'] {
    return this.#origin.params;
  }

  get query(): PredictContext['query'] {
    return this.#origin.query;
  }

  get log(): CallLog {
    return this.#origin.log;
  }

  progress(fraction: number): void {
    this.#origin.progress?.(fraction);
  }

  run<T>(fn: () => T): T {
    return this.#task.inContext(fn);
  }
}
