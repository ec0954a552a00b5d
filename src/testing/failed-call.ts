import type { Violation } from '../errors/index.js';
import type { FailureAnswer } from '../gate/failure-answer.js';

/** What a client is told of a call that failed. */
export class FailedCall extends Error {
  /** As HTTP would have it. */
  readonly status: number;
  /** A name of google.rpc.Code, such as `INVALID_ARGUMENT`. */
  readonly code: string;
  /** Where the input breaks the schema, at most 10 places. */
  readonly details: readonly Violation[] | undefined;
  /** Whole seconds. */
  readonly retryAfter: number | undefined;

  /** What a filter of the app has sent in place of the library's own words; `undefined` otherwise. */
  readonly body: unknown;

  /** @param cause what was thrown, which no client sees */
  constructor(
    { status, code, error, details, retryAfter }: FailureAnswer,
    body: unknown,
    cause: unknown,
  ) {
    super(error, { cause });
    this.name = 'FailedCall';
    this.status = status;
    this.code = code;
    this.details = details;
    this.retryAfter = retryAfter;
    this.body = body;
  }
}
