import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import { deadlineExceeded, delayUntil, type Sink } from '../execution/index.js';

/** Checks an item against the schema of the answer. */
export type Check = (call: Call, item: unknown) => Answer;
/** Brings an answer further: to the client, or to the interceptors of the app that are to see it. */
export type Deliver = (answer: Answer) => void;

/** The items of one call, on their way from its handler. */
export class Items implements Sink {
  readonly #call: Call;
  readonly #check: Check;
  readonly #deliver: Deliver;
  readonly #late: NodeJS.Timeout | undefined;
  #any = false;

  constructor(call: Call, check: Check, deliver: Deliver) {
    this.#call = call;
    this.#check = check;
    this.#deliver = deliver;
    const { firstItemTimeout } = call.endpoint.options;
    if (firstItemTimeout !== undefined) {
      const due = call.arrivedAt + firstItemTimeout;
      this.#late = setTimeout(expire, delayUntil(due, performance.now()), call, firstItemTimeout);
    }
  }

  get isFull(): boolean {
    return this.#call.outlet!.isFull;
  }

  onceReady(listener: () => void): void {
    this.#call.outlet!.onceReady(listener);
  }

  take(item: unknown): void {
    const answer = this.#check(this.#call, item);
    const { metrics } = this.#call.endpoint;
    if (!this.#any) {
      this.#any = true;
      clearTimeout(this.#late);
      metrics.firstItem(performance.now() - this.#call.arrivedAt);
    }
    metrics.item();
    this.#deliver(answer);
  }

  /** There are no more of them. */
  end(): void {
    clearTimeout(this.#late);
  }
}

/** The handler may go on, with a slot, as one whose deadline has passed. */
function expire(call: Call, firstItemTimeout: number): void {
  call.shortenTo(firstItemTimeout);
  call.cancel(deadlineExceeded());
}
