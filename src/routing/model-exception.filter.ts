import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { callOf } from '../gate/held-call.js';
import { HttpCall } from '../http/http-call.js';
import { sendFailure } from '../http/reply.js';

/**
 * Takes every error of a model endpoint that no filter of the app's own takes, be it bound to class
 * or method or named by a global one: answers HTTP with the body, code and status of the contract, and
 * leaves every other door to bring back the error in its own form.
 */
@Catch()
export class ModelExceptionFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): unknown {
    const call = callOf(host);
    if (call === undefined) throw error;
    call.failure = error;
    const named = call.endpoint.filterFor(error);
    if (named !== undefined) return named.catch(error, host);
    // A stream may have begun: its door knows how to end it.
    if (!(call instanceof HttpCall) || call.outlet !== undefined) throw error;
    return sendFailure(call.response, call, error);
  }
}
