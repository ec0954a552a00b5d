/** Names of google.rpc.Code, by their numbers. */
export const CODES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/**
 * Why a call failed: the code that the server gave, or
 * - `CANCELLED`: the caller's `signal` was aborted, whose reason is the `cause`;
 * - `DEADLINE_EXCEEDED`: `timeout` passed, or that of an `AbortSignal.timeout()`;
 * - `UNAVAILABLE`: the server could not be reached, or the connection or the answer was cut; also a proxy's 502 and 503;
 * - `UNKNOWN`: what answered with success is no endpoint: a page of a proxy, broken JSON;
 * - for a failure without a code of its own, as a proxy's page, the one that its status stands for.
 */
export type ErrorCode = Exclude<(typeof CODES)[number], 'OK'>;

/** A part of the input that breaks the endpoint's schema. */
export interface ErrorDetail {
  /** `$.items[3].name` */
  readonly path: string;
  /** What was expected and what was got. */
  readonly message: string;
}

/** What else a {@link ServingClientError} knows, for who makes one in a test; the properties say what each is. */
export interface ServingClientErrorOptions {
  readonly status?: number;
  readonly details?: readonly ErrorDetail[];
  readonly requestId?: string;
  readonly retryAfter?: number;
  readonly retryable?: boolean;
  readonly cause?: unknown;
}

/**
 * A call without an answer.
 *
 * @example
 * ```ts
 * try {
 *   await client.call('/classify', input);
 * } catch (error) {
 *   if (error instanceof ServingClientError && error.code === 'INVALID_ARGUMENT') show(error.details);
 *   else throw error;
 * }
 * ```
 */
export class ServingClientError extends Error {
  override readonly name = 'ServingClientError';
  /** The status of the answer; `undefined` where none came. 200 where a stream failed on its way. */
  readonly status: number | undefined;
  /** Where the input breaks the schema, at most 10 places; empty for anything else. */
  readonly details: readonly ErrorDetail[];
  /** Under which the server's log has the call; `undefined` where no answer told one. */
  readonly requestId: string | undefined;
  /** Milliseconds after which the server wants to be asked again, by its `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** Whether the call surely did not run, so that it may be made again whatever it does. */
  readonly retryable: boolean;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: ServingClientErrorOptions = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.status = options.status;
    this.details = options.details ?? [];
    this.requestId = options.requestId;
    this.retryAfter = options.retryAfter;
    this.retryable = options.retryable ?? false;
  }
}
