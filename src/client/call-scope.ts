import { unwatch, watch } from './abort-watch.js';
import { ServingClientError } from './serving-client-error.js';

/** Milliseconds that timers can wait for; a longer wait would be none. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** The time a call has, all its tries together, and what ends it before: its deadline, its caller. */
export class CallScope {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timeout: number;
  readonly #deadline: number;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #leave = (): void => this.#end(leftBy(this.#caller!.reason));
  /** Rejects when the call is ended. */
  readonly #ending: Promise<never>;
  /** What the call is ended with; `undefined` as long as it goes on. */
  ended: ServingClientError | undefined;
  /** The failure of the last try, which explains a deadline that passes while the next is waited for. */
  lastFailure: ServingClientError | undefined;

  /**
   * @param timeout milliseconds, or `Infinity`
   * @throws {TypeError} where it is no number
   */
  constructor(timeout: number, caller: AbortSignal | undefined) {
    if (typeof timeout !== 'number' || Number.isNaN(timeout)) {
      throw new TypeError(`Expected timeout to be a number of milliseconds, got ${timeout}`);
    }
    this.#timeout = timeout;
    this.#deadline = performance.now() + timeout;
    this.#caller = caller;
    this.#ending = new Promise((_, reject) => {
      this.signal.addEventListener('abort', () => reject(this.ended!), { once: true });
    });
    this.#ending.catch(() => {});
    if (caller?.aborted) this.#leave();
    else if (timeout <= 0) this.#expire();
    if (this.ended) return;
    if (caller) watch(caller, this.#leave);
    if (timeout <= LONGEST_TIMER) this.#timer = setTimeout(() => this.#expire(), timeout);
  }

  /** Of the requests that are made for the call. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Milliseconds until the deadline, or `Infinity`. */
  get remaining(): number {
    return Math.max(0, this.#deadline - performance.now());
  }

  /** What a step comes to, unless the call is ended before. */
  async within<T>(step: () => T | Promise<T>): Promise<T> {
    if (this.ended) throw this.ended;
    return Promise.race([step(), this.#ending]);
  }

  async sleep(milliseconds: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const waited = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
    await this.within(() => waited).finally(() => clearTimeout(timer));
  }

  /** Ends the requests of the call, whose caller wants no more of it. */
  cancel(): void {
    this.#end(leftBy(undefined));
  }

  /** Nothing is waited for any more. */
  close(): void {
    clearTimeout(this.#timer);
    if (this.#caller) unwatch(this.#caller, this.#leave);
  }

  #expire(): void {
    const message = `No answer within ${this.#timeout} ms`;
    this.#end(new ServingClientError('DEADLINE_EXCEEDED', message, { cause: this.lastFailure }));
  }

  #end(error: ServingClientError): void {
    if (this.ended) return;
    this.ended = error;
    this.close();
    this.#controller.abort(error);
  }
}

/** The reason of `AbortSignal.timeout()` is a deadline's. */
function leftBy(reason: unknown): ServingClientError {
  const isTimeout = (reason as Error | undefined)?.name === 'TimeoutError';
  return isTimeout
    ? new ServingClientError('DEADLINE_EXCEEDED', 'The time of the signal is over', {
        cause: reason,
      })
    : new ServingClientError('CANCELLED', 'The call was cancelled', { cause: reason });
}
