import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { callOf } from './http-call.js';
import { sendFailure, type NestResponse } from './reply.js';

/**
 * Answers every error of a model endpoint that no filter of the app's own takes, be it bound to class
 * or method or named by a global one: the body, code and status of the contract.
 */
@Catch()
export class ModelExceptionFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): unknown {
    const call = callOf(host);
    if (call === undefined) throw error;
    call.failure = error;
    const named = call.endpoint.filters.find(error);
    if (named !== undefined) return named.catch(error, host);
    return sendFailure(host.switchToHttp().getResponse<NestResponse>(), call, error);
  }
}
