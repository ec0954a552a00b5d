import type { Call } from '../endpoint/call.js';
import { isPromise, type Next, type Stage } from './stage.js';

/**
 * Counts how the cache served a call, when it is over. How its request ended is counted
 * when the response closes, by what the client was told: guards, interceptors and filters of the app
 * have a say in that, and many a request never comes this far.
 */
export class MetricsInterceptor implements Stage {
  intercept(call: Call, next: Next): unknown {
    if (call.endpoint.cache === undefined) return next(call);
    let answer: unknown;
    try {
      answer = next(call);
    } catch (error) {
      count(call);
      throw error;
    }
    if (isPromise(answer)) return answer.finally(() => count(call));
    count(call);
    return answer;
  }
}

function count({ cacheResult, endpoint }: Call): void {
  if (cacheResult !== undefined) endpoint.metrics.cacheLookup(cacheResult);
}
