import type { Violation } from './violation.js';

/**
 * Every way a call can end without an answer: the google.rpc.Code a client sees, the HTTP status an
 * HTTP transport maps it to, and the outcome it is counted under. The core throws errors by name;
 * only the edge reads the table.
 */
export const FAILURES = {
  InvalidRequest: { code: 'INVALID_ARGUMENT', status: 400, outcome: 'invalid' },
  NotFound: { code: 'NOT_FOUND', status: 404, outcome: 'invalid' },
  MethodNotAllowed: { code: 'UNIMPLEMENTED', status: 405, outcome: 'invalid' },
  NotAcceptable: { code: 'INVALID_ARGUMENT', status: 406, outcome: 'invalid' },
  Aborted: { code: 'ABORTED', status: 409, outcome: 'invalid' },
  PayloadTooLarge: { code: 'RESOURCE_EXHAUSTED', status: 413, outcome: 'invalid' },
  UnsupportedEncoding: { code: 'UNIMPLEMENTED', status: 415, outcome: 'invalid' },
  UnsupportedMediaType: { code: 'UNIMPLEMENTED', status: 415, outcome: 'invalid' },
  FailedPrecondition: { code: 'FAILED_PRECONDITION', status: 422, outcome: 'invalid' },
  QueueFull: { code: 'RESOURCE_EXHAUSTED', status: 429, outcome: 'rejected' },
  Cancelled: { code: 'CANCELLED', status: 499, outcome: 'cancelled' },
  InvalidAnswer: { code: 'INTERNAL', status: 500, outcome: 'error' },
  Internal: { code: 'INTERNAL', status: 500, outcome: 'error' },
  Unavailable: { code: 'UNAVAILABLE', status: 503, outcome: 'rejected' },
  DeadlineExceeded: { code: 'DEADLINE_EXCEEDED', status: 504, outcome: 'timeout' },
} as const;

export type FailureName = keyof typeof FAILURES;

/** How a call ended, as counted by `model_serving_requests_total`. */
export type Outcome = 'ok' | (typeof FAILURES)[FailureName]['outcome'];

export interface ServingErrorOptions {
  /** The violations of a message that breaks its schema; clients see the first 10. */
  readonly details?: readonly Violation[];
  /** Whole seconds after which a refused client should try again. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/**
 * A failure the library knows by name; its code, status and outcome are in {@link FAILURES}. A handler may
 * throw one: clients are told its message, but for a 500.
 *
 * @example
 * ```ts
 * throw new ServingError('Unavailable', 'The feature store is away', { retryAfter: 5 });
 * ```
 */
export class ServingError extends Error {
  /** Where a message breaks its schema. */
  readonly details?: readonly Violation[];
  /** Whole seconds after which a refused client should try again. */
  readonly retryAfter?: number;

  constructor(
    readonly failure: FailureName,
    message: string,
    options: ServingErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = failure;
    this.details = options.details;
    this.retryAfter = options.retryAfter;
  }
}
