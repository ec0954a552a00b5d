import { HttpException, HttpStatus } from '@nestjs/common';
import { FAILURES, ServingError, type Violation } from '../errors/index.js';

/** An error as the client gets it. */
export interface FailureAnswer {
  readonly status: number;
  readonly code: string;
  readonly error: string;
  readonly details?: readonly Violation[];
  readonly retryAfter?: number;
}

/** Names of google.rpc.Code for the statuses that exceptions of Nest carry. */
const CODES: Record<number, string> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
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

const MOST_DETAILS = 10;

/** A 500 says nothing of its cause: the log has it. */
const INTERNAL: FailureAnswer = { status: 500, code: 'INTERNAL', error: 'Internal server error' };

/** What the client is told of an error a call ended with. */
export function answerOf(error: unknown): FailureAnswer {
  if (error instanceof ServingError) {
    const { status, code } = FAILURES[error.failure];
    if (status === HttpStatus.INTERNAL_SERVER_ERROR) return INTERNAL;
    const details = error.details?.slice(0, MOST_DETAILS);
    return { status, code, error: error.message, details, retryAfter: error.retryAfter };
  }
  if (error instanceof HttpException) {
    const status = error.getStatus();
    if (status === HttpStatus.INTERNAL_SERVER_ERROR) return INTERNAL;
    const code = CODES[status] ?? (status < 500 ? 'FAILED_PRECONDITION' : 'UNKNOWN');
    return { status, code, error: messageOf(error) };
  }
  return INTERNAL;
}

/** `new BadRequestException(['a', 'b'])`, as ValidationPipe throws it, carries its messages in the response. */
function messageOf(exception: HttpException): string {
  const response = exception.getResponse();
  if (typeof response === 'string') return response;
  const { message } = response as { message?: unknown };
  if (Array.isArray(message)) return message.join('; ');
  return typeof message === 'string' ? message : exception.message;
}
