import { LONGEST_TIMER, type CallScope } from './call-scope.js';
import { ServingClientError } from './serving-client-error.js';

/** How failed calls are tried again. */
export interface RetryOptions {
  /**
   * The most tries after the first.
   * @default 3
   */
  readonly limit?: number;
  /**
   * Milliseconds. Before the n-th retry a random time up to `minDelay * 2 ** (n - 1)` is waited, after what the
   * server's `Retry-After` asks for, and never beyond the deadline.
   * @default 100
   */
  readonly minDelay?: number;
  /**
   * Milliseconds that the random time does not exceed.
   * @default 5_000
   */
  readonly maxDelay?: number;
  /**
   * How many retries a client makes at all, so that many clients do not amplify an outage: `ratio` of its calls,
   * and `minimum` in 10 seconds beside them. A failure beyond that is told at once.
   * @default { ratio: 0.1, minimum: 10 }
   */
  readonly budget?: { readonly ratio?: number; readonly minimum?: number };
}

/** Milliseconds in which the budget's minimum comes back. */
const BUDGET_PERIOD = 10_000;
/** Calls whose share is kept for later, at most. */
const SAVED_CALLS = 500;
/** Milliseconds that a call without a deadline waits for a retry, at most. */
const LONGEST_WAIT = 60_000;

/** Makes the calls of one client, and makes failed ones again. */
export class Retrier {
  readonly #limit: number;
  readonly #minDelay: number;
  readonly #maxDelay: number;
  readonly #ratio: number;
  readonly #minimum: number;
  /** Retries that may be made now. */
  #budget: number;
  #countedAt = performance.now();

  /** @throws {TypeError} for what is no number from 0 */
  constructor({ limit = 3, minDelay = 100, maxDelay = 5_000, budget = {} }: RetryOptions) {
    const { ratio = 0.1, minimum = 10 } = budget;
    const numbers = { limit, minDelay, maxDelay, 'budget.ratio': ratio, 'budget.minimum': minimum };
    for (const [name, value] of Object.entries(numbers)) {
      // A budget that is no number would have no end.
      if (value >= 0) continue;
      throw new TypeError(`Expected retry.${name} to be a number from 0, got ${value}`);
    }
    this.#limit = limit;
    this.#minDelay = minDelay;
    this.#maxDelay = maxDelay;
    this.#ratio = ratio;
    this.#minimum = minimum;
    this.#budget = minimum;
  }

  /**
   * @param attempt fails with a `ServingClientError` where it may be made again
   * @param idempotent whether a call that may have run can run again
   */
  async run<T>(scope: CallScope, idempotent: boolean, attempt: () => Promise<T>): Promise<T> {
    this.#earn(this.#ratio);
    for (let retries = 0; ; retries++) {
      try {
        return await attempt();
      } catch (error) {
        if (scope.ended) throw scope.ended;
        if (retries >= this.#limit || !isPassing(error, idempotent)) throw error;
        const { remaining } = scope;
        const asked = error.retryAfter ?? 0;
        const room = (remaining > LONGEST_TIMER ? LONGEST_WAIT : remaining) - asked;
        if (room <= 0 || !this.#spend()) throw error;
        scope.lastFailure = error;
        await scope.sleep(asked + this.#jitter(retries, room));
      }
    }
  }

  #jitter(retries: number, room: number): number {
    return Math.random() * Math.min(this.#minDelay * 2 ** retries, this.#maxDelay, room);
  }

  /** Every call adds its share, and time the minimum's. */
  #earn(share: number): void {
    const now = performance.now();
    const ofTime = (this.#minimum * (now - this.#countedAt)) / BUDGET_PERIOD;
    this.#countedAt = now;
    const timed = Math.max(this.#budget, Math.min(this.#minimum, this.#budget + ofTime));
    this.#budget = Math.min(timed + share, this.#minimum + this.#ratio * SAVED_CALLS);
  }

  #spend(): boolean {
    this.#earn(0);
    if (this.#budget < 1) return false;
    this.#budget--;
    return true;
  }
}

/** Whether a failure may be over at the next try, and that try does no harm. */
function isPassing(error: unknown, idempotent: boolean): error is ServingClientError {
  if (!(error instanceof ServingClientError)) return false;
  return error.retryable || (idempotent && error.code === 'UNAVAILABLE');
}
