import type { Call } from '../endpoint/call.js';
import { isPromise, type Next, type Stage } from './stage.js';

/**
 * Outermost: begins the trace of a call, where its endpoint has calls traced. Its end is told when the
 * client has been, as metrics are.
 */
export class TracingInterceptor implements Stage {
  intercept(call: Call, next: Next): unknown {
    const { tracing } = call.endpoint;
    if (tracing === undefined) return next(call);
    const trace = (call.trace = tracing.begin(call));
    let answer: unknown;
    try {
      answer = trace.run(next, call);
    } catch (error) {
      trace.answered();
      throw error;
    }
    if (isPromise(answer)) return answer.finally(() => trace.answered());
    trace.answered();
    return answer;
  }
}
