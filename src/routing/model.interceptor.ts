import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, Observable, of } from 'rxjs';
import type { Call } from '../endpoint/call.js';
import { callOf } from '../gate/held-call.js';
import { isPromise } from '../interceptors/stage.js';
import { ServingError } from '../errors/index.js';
import { streamWayTo, wayTo } from '../interceptors/way.js';
import { expectCall } from './expected-call.js';

/**
 * Takes a call the library's own way inside Nest's own chain: the innermost of the route, so
 * that interceptors of the app see the answer as they would a controller's, and before its pipes.
 *
 * One interceptor to Nest, since its machinery costs microseconds for each on every request. Where
 * the app binds neither interceptors nor pipes, not even this one is bound: the route goes the same
 * way by itself.
 */
export class ModelInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const call = expectCall(callOf(context), context.getClass(), context.getHandler().name);
    call.underway = true;
    function continueInNest() {
      // Nest runs its pipes on the body and calls the route, which calls the executor.
      if (context.getType() === 'http') {
        context.switchToHttp().getRequest<{ body: unknown }>().body = call.input;
      }
      return lastValueFrom(next.handle());
    }
    if (call.outlet !== undefined) return itemsOf(call, continueInNest);
    const answer = wayTo(continueInNest)(call);
    return isPromise(answer)
      ? from(answer.then((value) => call.present(value)))
      : of(call.present(answer));
  }
}

/** A stream as the interceptors of the app see it; where one of them wants no more, its handler ends. */
function itemsOf(call: Call, last: (call: Call) => unknown): Observable<unknown> {
  return new Observable((subscriber) => {
    let over = false;
    streamWayTo(last)(call, (answer) => subscriber.next(answer.value)).then(
      () => {
        over = true;
        subscriber.complete();
      },
      (error: unknown) => {
        over = true;
        subscriber.error(error);
      },
    );
    return () => {
      if (!over) call.cancel(new ServingError('Cancelled', 'No more items are wanted'));
    };
  });
}
