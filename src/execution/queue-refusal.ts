import { ServingError } from '../errors/index.js';

/** Of an executor; a handler may throw a `QueueFull` as well, and has begun by then. */
class Refusal extends ServingError {}

/** What they are told who find a queue full. */
export class QueueRefusal {
  #shared: ServingError | undefined;

  /** One of its own for a task whose app may look at it, and write on it. */
  of(retryAfter: number): ServingError {
    return new Refusal('QueueFull', 'Too many requests', { retryAfter });
  }

  /** The same for many: in a storm the stack of each would cost as much as the rest of its refusal. */
  shared(retryAfter: number): ServingError {
    if (this.#shared?.retryAfter !== retryAfter) this.#shared = this.of(retryAfter);
    return this.#shared!;
  }
}

/** Whether an executor has said this of a task, which has not begun. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Refusal;
}
