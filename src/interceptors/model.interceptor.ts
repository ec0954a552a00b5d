import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { from, lastValueFrom, of, type Observable } from 'rxjs';
import type { Call } from '../endpoint/call.js';
import { ConfigurationError } from '../errors/index.js';
import { callOf } from '../http/open-call.js';
import { sendsScalar, sendsText, setHeader, JSON_TYPE, type NestResponse } from '../http/reply.js';
import type { Answer } from './answer.js';
import { CacheInterceptor } from './cache.interceptor.js';
import { MetricsInterceptor } from './metrics.interceptor.js';
import { isPromise } from './stage.js';
import { ValidationInterceptor } from './validation.interceptor.js';

const metrics = new MetricsInterceptor();
const validation = new ValidationInterceptor();
const cache = new CacheInterceptor();

/**
 * The way of a call through the three interceptors to the handler and back. One interceptor to Nest,
 * since each costs microseconds of its machinery on every request; the innermost of the route, so
 * that interceptors of the app see the answer as they would a controller's.
 */
export class ModelInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const call = callOf(context);
    if (call === undefined) {
      const { name } = context.getClass();
      throw new ConfigurationError(
        `${name}: no request body was read, is ModelServingModule imported?`,
      );
    }
    call.moveTo(context.getClass(), context.getHandler().name);
    const response = context.switchToHttp().getResponse<NestResponse>();
    const answer = this.#serve(call, context, next);
    return isPromise(answer)
      ? from(answer.then((value) => this.#deliver(call, response, value as Answer)))
      : of(this.#deliver(call, response, answer as Answer));
  }

  #serve(call: Call, context: ExecutionContext, next: CallHandler): unknown {
    const { endpoint } = call;

    function runHandler(): unknown {
      if (endpoint.direct) return endpoint.executor.run(call.task, endpoint.instance!);
      // Nest runs its pipes on the body and calls the route, which calls the executor.
      context.switchToHttp().getRequest<{ body: unknown }>().body = call.input;
      return lastValueFrom(next.handle());
    }

    function answer(): unknown {
      const result = runHandler();
      return isPromise(result)
        ? result.then((value) => validation.answer(call, value))
        : validation.answer(call, result);
    }

    return metrics.intercept(call, () =>
      validation.intercept(call, () => cache.intercept(call, answer)),
    );
  }

  #deliver(call: Call, response: NestResponse, answer: Answer): unknown {
    if (call.cacheStatus !== undefined) {
      setHeader(response, 'x-cache', call.cacheStatus);
      if (call.cacheStatus === 'HIT') setHeader(response, 'age', call.age);
    }
    setHeader(response, 'content-type', JSON_TYPE);
    if (!call.endpoint.answersText) {
      const { value, text } = answer;
      if (typeof value === 'string' || value === null) sendsScalar(response, value, text);
      return value;
    }
    sendsText(response);
    return answer.text;
  }
}
