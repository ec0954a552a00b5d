import type { Call } from '../endpoint/call.js';
import { outcomeOf } from '../endpoint/call.js';
import { ServingError } from '../errors/index.js';
import { isPromise, type Next, type Stage } from './stage.js';

/**
 * Outermost: counts how every call ended. What fails before it (a malformed body, a guard) or is not
 * the library's own error is counted when the response closes, by its status.
 */
export class MetricsInterceptor implements Stage {
  intercept(call: Call, next: Next): unknown {
    try {
      const answer = next(call);
      if (!isPromise(answer)) {
        call.settle('ok');
        return answer;
      }
      return answer.then(
        (value) => {
          call.settle('ok');
          return value;
        },
        (error) => this.#fail(call, error),
      );
    } catch (error) {
      return this.#fail(call, error);
    }
  }

  #fail(call: Call, error: unknown): never {
    if (error instanceof ServingError) call.settle(outcomeOf(error));
    throw error;
  }
}
