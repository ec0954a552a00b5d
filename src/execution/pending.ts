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

/** A handler at work: its value in the end, and the way to stop it. */
export interface Work {
  readonly value: Promise<unknown>;
  /** Ends the subscription to an Observable, and `value` with `undefined`; a promise goes on. */
  readonly stop: () => void;
}

/**
 * Follows a handler to its end: the value of its promise, or the last one of its Observable, which it
 * may have promised. Unsubscribing is how an Observable is told to stop, and it may never complete
 * otherwise; a promise has to be waited for.
 */
export function follow(pending: Pending): Work {
  if (isObservable(pending)) return subscribe(pending);
  let stopped = false;
  let promised: Work | undefined;
  // Promise.resolve() also tames foreign thenables that settle twice, or throw.
  const value = Promise.resolve(pending).then((result) => {
    if (stopped || !isObservable(result)) return result;
    promised = subscribe(result);
    return promised.value;
  });
  const stop = () => {
    stopped = true;
    promised?.stop();
  };
  return { value, stop };
}

function subscribe(observable: Observable<unknown>): Work {
  let stop!: () => void;
  const value = new Promise<unknown>((resolve, reject) => {
    let last: unknown;
    const subscription = observable.subscribe({
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
