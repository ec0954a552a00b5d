import { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import { answerValue, checkFreeValue } from '../json/index.js';
import type { Next, Stage } from './stage.js';

/** Turns what the client sent into its canonical form, and what the handler returns into the answer. */
export class ValidationInterceptor implements Stage {
  intercept(call: Call, next: Next): unknown {
    const { schema, metrics } = call.endpoint;
    try {
      if (call.flaw !== undefined) throw call.flaw;
      if (schema?.request !== undefined) call.input = schema.request.read(call.input, call);
      else checkFreeValue(call.input, call.text);
    } catch (error) {
      metrics.invalid('request');
      throw error;
    }
    // It is as large as the body, and the call may wait.
    call.text = undefined;
    call.body = undefined;
    return next(call);
  }

  /**
   * The way back. Called where a result first appears, inside the cache, so that only what has passed
   * is kept, and once however many calls share it.
   */
  answer(call: Call, result: unknown): Answer {
    const { schema, metrics } = call.endpoint;
    try {
      const canonical =
        schema?.response === undefined ? answerValue(result) : schema.response.write(result);
      if (call.takesValue) return Answer.held(canonical);
      if (schema?.response === undefined) return Answer.of(canonical);
      return call.isBinary ? Answer.binary(canonical, schema.response) : Answer.of(canonical);
    } catch (error) {
      metrics.invalid('response');
      throw error;
    }
  }
}
