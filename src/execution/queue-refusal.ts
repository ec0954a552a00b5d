import { ServingError } from '../errors/index.js';

/** What they are told who find a queue full. */
export class QueueRefusal {
  #shared: ServingError | undefined;

  /** One of its own for a task whose app may look at it, and write on it. */
  of(retryAfter: number): ServingError {
    return new ServingError('QueueFull', 'Too many requests', { retryAfter });
  }

  /** The same for many: in a storm the stack of each would cost as much as the rest of its refusal. */
  shared(retryAfter: number): ServingError {
    if (this.#shared?.retryAfter !== retryAfter) this.#shared = this.of(retryAfter);
    return this.#shared!;
  }
}
