import { AsyncResource } from 'node:async_hooks';
import type { ServingError } from '../errors/index.js';
import type { Sink } from './sink.js';
import type { PredictContext, Task } from './task.js';
import type { TaskTrace } from './task-trace.js';

/**
 * A task that can be given up: what a call of any transport, or a flight that several calls share,
 * has in common. The `AbortController` is made only when a handler reads `signal`.
 */
export abstract class CancellableTask implements Task {
  abstract input: unknown;
  abstract readonly context: PredictContext;
  /** When the answer must be ready, on the clock of `performance.now()`. */
  deadline: number;
  sink: Sink | undefined = undefined;
  trace: TaskTrace | undefined = undefined;
  #scope: AsyncResource;
  #cancellation: ServingError | undefined;
  #listener: ((reason: ServingError) => void) | undefined;
  #controller: AbortController | undefined;
  #abortReason: ServingError | undefined;

  /**
   * @param scope its async context, the one it is made in by default. Making one and entering it costs a
   * fraction of a microsecond; `AsyncResource.bind` costs several.
   */
  constructor(deadline: number, scope = new AsyncResource('ModelServingTask')) {
    this.deadline = deadline;
    this.#scope = scope;
  }

  /** The async context that it is in. */
  get scope(): AsyncResource {
    return this.#scope;
  }

  /** Aborted when the task is given up or its deadline has passed. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortReason) this.#controller.abort(this.#abortReason);
    }
    return this.#controller.signal;
  }

  get cancellation(): ServingError | undefined {
    return this.#cancellation;
  }

  adoptContext(): void {
    this.#scope = new AsyncResource('ModelServingTask');
  }

  inContext<Args extends unknown[], T>(
    fn: (...args: Args) => T,
    receiver?: object,
    ...args: Args
  ): T {
    return this.#scope.runInAsyncScope(fn, receiver, ...args);
  }

  onCancel(listener: ((reason: ServingError) => void) | undefined): void {
    this.#listener = listener;
  }

  /** Gives the task up, once: its executor hears of it first, then whoever listens to `signal`. */
  cancel(reason: ServingError): void {
    if (this.#cancellation) return;
    this.#cancellation = reason;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.(reason);
    this.abort(reason);
  }

  abort(reason: ServingError): void {
    if (this.#abortReason) return;
    this.#abortReason = reason;
    // Who cancels is somewhere else: listeners to the signal are the task's own.
    const controller = this.#controller;
    if (controller) this.inContext(() => controller.abort(reason));
  }
}
