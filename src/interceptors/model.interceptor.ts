import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, of, type Observable } from 'rxjs';
import { callOf, deliver, withoutModule } from '../http/http-call.js';
import { isPromise } from './stage.js';
import { serve } from './way.js';

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
    const call = callOf(context);
    if (call === undefined) throw withoutModule(context.getClass().name);
    call.expectRoute(context.getClass(), context.getHandler().name);
    call.chain = function continueInNest() {
      // Nest runs its pipes on the body and calls the route, which calls the executor.
      context.switchToHttp().getRequest<{ body: unknown }>().body = call.input;
      return lastValueFrom(next.handle());
    };
    const answer = serve(call);
    return isPromise(answer)
      ? from(answer.then((value) => deliver(call, value)))
      : of(deliver(call, answer));
  }
}
