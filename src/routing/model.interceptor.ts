import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, of, type Observable } from 'rxjs';
import { callOf } from '../gate/held-call.js';
import { isPromise } from '../interceptors/stage.js';
import { wayTo } from '../interceptors/way.js';
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
    const answer = wayTo(function continueInNest() {
      // Nest runs its pipes on the body and calls the route, which calls the executor.
      if (context.getType() === 'http') {
        context.switchToHttp().getRequest<{ body: unknown }>().body = call.input;
      }
      return lastValueFrom(next.handle());
    })(call);
    return isPromise(answer)
      ? from(answer.then((value) => call.present(value)))
      : of(call.present(answer));
  }
}
