import { isObservable, type Observable } from 'rxjs';

/** What a handler returns when its value is not ready yet. */
export type Pending = PromiseLike<unknown> | Observable<unknown>;

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

export function isPending(value: unknown): value is Pending {
  return isThenable(value) || (typeof value === 'object' && isObservable(value));
}

/** A handler at work: its value in the end, and the way to stop it where there is one. */
export interface Work {
  readonly value: Promise<unknown>;
  /** Ends the subscription to an Observable, and `value` with `undefined`. */
  readonly stop: (() => void) | undefined;
}

/**
 * Follows a handler to its end. Unsubscribing is how an Observable is told to stop, and it may
 * never complete otherwise; a promise has to be waited for.
 */
export function follow(pending: Pending): Work {
  // Promise.resolve() also tames foreign thenables that settle twice, or throw.
  if (!isObservable(pending)) return { value: Promise.resolve(pending), stop: undefined };
  let stop: (() => void) | undefined;
  const value = new Promise<unknown>((resolve, reject) => {
    let last: unknown;
    const subscription = pending.subscribe({
      next: (next) => (last = next),
      error: reject,
      complete: () => resolve(last),
    });
    stop = () => {
      resolve(undefined);
      try {
        subscription.unsubscribe();
      } catch {
        // A teardown that throws: the request is answered already, nobody is left to tell.
      }
    };
  });
  return { value, stop };
}
