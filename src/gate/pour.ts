import { Subscription, type Observable } from 'rxjs';
import type { Call } from '../endpoint/call.js';
import type { Outlet } from '../endpoint/outlet.js';
import { deadlineExceeded, delayUntil } from '../execution/index.js';
import { answerFrom } from './replaced-answer.js';

/**
 * Lets what the interceptors of the app have made of a stream's items out, as it comes. It ends with its
 * call even where an interceptor has put a stream of its own in the handler's place, of which no executor
 * knows.
 */
export function pour(items: Observable<unknown>, call: Call, outlet: Outlet): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(expire, delayUntil(call.deadline, performance.now()));
    const subscription = new Subscription();

    function expire(): void {
      call.cancel(deadlineExceeded());
      cut();
    }

    /** A failure of the handler's comes along with the items first, past interceptors that may know better. */
    function cut(): void {
      if (call.cancellation !== undefined) setImmediate(fail, call.cancellation);
    }

    function fail(error: unknown): void {
      clearTimeout(late);
      reject(error as Error);
      subscription.unsubscribe();
    }

    call.signal.addEventListener('abort', cut);
    const poured = items.subscribe({
      next(item) {
        if (subscription.closed) return;
        try {
          outlet.write(answerFrom(call, item));
        } catch (error) {
          fail(error);
        }
      },
      error: fail,
      complete() {
        clearTimeout(late);
        resolve();
      },
    });
    // At once, where it has failed at once.
    subscription.add(poured);
  });
}
