import { HttpException, HttpStatus } from '@nestjs/common';
import type { Call } from '../endpoint/call.js';
import {
  FAILURES,
  isError,
  MAX_VIOLATIONS,
  messageOfThrown,
  ServingError,
  type Violation,
} from '../errors/index.js';

/** An error as the client gets it. */
export interface FailureAnswer {
  readonly status: number;
  readonly code: string;
  readonly error: string;
  readonly details?: readonly Violation[];
  readonly retryAfter?: number;
}

/** Names of google.rpc.Code for the statuses that exceptions of Nest carry; the rest are one of two. */
const CODES: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  406: 'INVALID_ARGUMENT',
  409: 'ABORTED',
  413: 'RESOURCE_EXHAUSTED',
  415: 'UNIMPLEMENTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** A 500 says nothing of its cause: the log has it. */
const INTERNAL: FailureAnswer = { status: 500, code: 'INTERNAL', error: 'Internal server error' };

/** What a client is told of the failure of its call; the log is told what the client is not. */
export function failureAnswer(call: Pick<Call, 'log' | 'failure'>, error: unknown): FailureAnswer {
  call.failure = error;
  const answer = answerOf(error);
  if (answer.status >= 500 && answer.code === 'INTERNAL') {
    call.log.error(messageOfThrown(error), isError(error) ? error : undefined);
  }
  return answer;
}

/** What the client is told of an error a call ended with, whatever it is. */
export function answerOf(error: unknown): FailureAnswer {
  try {
    if (error instanceof ServingError) return answerOfServingError(error);
    if (error instanceof HttpException) return answerOfHttpException(error);
  } catch {
    // A getter of it, or a Proxy, that throws where it is looked at.
  }
  return INTERNAL;
}

function answerOfServingError(error: ServingError): FailureAnswer {
  const { status, code } = FAILURES[error.failure];
  if (status === HttpStatus.INTERNAL_SERVER_ERROR) return INTERNAL;
  const details = error.details?.slice(0, MAX_VIOLATIONS);
  return { status, code, error: error.message, details, retryAfter: error.retryAfter };
}

/** An exception whose status says no failure, or is none at all, is a fault of the app's. */
function answerOfHttpException(exception: HttpException): FailureAnswer {
  const status = Number(exception.getStatus());
  const isFailure = Number.isInteger(status) && status >= 400 && status <= 599;
  if (!isFailure || status === HttpStatus.INTERNAL_SERVER_ERROR) return INTERNAL;
  return { status, code: codeOf(status), error: messageOf(exception) };
}

/** The code that goes with the status of a failure. */
export function codeOf(status: number): string {
  return CODES[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'UNKNOWN');
}

/**
 * The text of an exception: its response, or the `message` in it, of which there may be several, as
 * `new BadRequestException(['a', 'b'])` and ValidationPipe have it. Other shapes of the app's own
 * give their place to the exception's message.
 */
function messageOf(exception: HttpException): string {
  const response: unknown = exception.getResponse();
  const said = Array.isArray(response) ? response : messageIn(response);
  if (typeof said === 'string') return said;
  const texts = Array.isArray(said) ? said.filter((text) => typeof text === 'string') : [];
  return texts.length > 0 ? texts.join('; ') : String(exception.message);
}

function messageIn(response: unknown): unknown {
  return typeof response === 'object' && response !== null && 'message' in response
    ? response.message
    : response;
}
