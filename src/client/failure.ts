import { retryAfterOf } from './retry-after.js';
import { readRpcStatus } from './rpc-status.js';
import {
  CODES,
  ServingClientError,
  type ErrorCode,
  type ErrorDetail,
} from './serving-client-error.js';

/** The body of a failed call, as far as it is one. */
export interface FailureBody {
  readonly error?: unknown;
  readonly code?: unknown;
  readonly requestId?: unknown;
  readonly details?: unknown;
  /** Where others than endpoints put their text. */
  readonly message?: unknown;
}

/** What a status stands for where its body gives no code: it comes from a proxy, or another route. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  405: 'UNIMPLEMENTED',
  406: 'INVALID_ARGUMENT',
  408: 'DEADLINE_EXCEEDED',
  409: 'ABORTED',
  413: 'RESOURCE_EXHAUSTED',
  415: 'UNIMPLEMENTED',
  429: 'RESOURCE_EXHAUSTED',
  499: 'CANCELLED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** The characters of a foreign page that a message quotes. */
const QUOTED = 100;

/** The failure that an answer tells, whoever answered. Without its body the status says enough. */
export async function failureOf(response: Response): Promise<ServingClientError> {
  const bytes = await response.arrayBuffer().catch(() => new ArrayBuffer(0));
  const told = bodyOf(new Uint8Array(bytes), response);
  return toldFailure(told, response);
}

/** The failure of a body, which came with a status of its own or as a stream's last event. */
export function toldFailure(body: FailureBody, response: Response): ServingClientError {
  const { status, headers } = response;
  const retryAfter = retryAfterOf(headers);
  const fallback =
    CODE_OF_STATUS[status] ?? (isClientFault(status) ? 'FAILED_PRECONDITION' : 'UNKNOWN');
  const message = textOf(body.error) ?? textOf(body.message) ?? `The server answered ${status}`;
  return new ServingClientError(isCode(body.code) ? body.code : fallback, message, {
    status,
    details: Array.isArray(body.details) ? body.details.filter(isDetail) : [],
    requestId: requestIdOf(response) ?? textOf(body.requestId),
    retryAfter,
    retryable: status === 429 || (status === 503 && retryAfter !== undefined),
  });
}

/** The failure of an answer that says success, and is none. */
export function unreadable(
  response: Response,
  expected: string,
  cause?: unknown,
): ServingClientError {
  const type = response.headers.get('content-type') ?? 'no content type';
  const got = cause === undefined ? type : `${type} that cannot be read`;
  return new ServingClientError('UNKNOWN', `Expected ${expected}, got ${got}${from(response)}`, {
    status: response.status,
    requestId: requestIdOf(response),
    cause,
  });
}

/** The failure of an answer whose rest did not come. */
export function cutAnswer(response: Response, cause?: unknown): ServingClientError {
  return new ServingClientError('UNAVAILABLE', 'The answer was cut', {
    status: response.status,
    requestId: requestIdOf(response),
    cause,
  });
}

/** The media type of an answer, without parameters. */
export function mediaTypeOf(response: Response): string {
  const [type = ''] = (response.headers.get('content-type') ?? '').split(';');
  return type.trim().toLowerCase();
}

/** By any of the names that protobuf has. */
export const isBinary = (response: Response): boolean => mediaTypeOf(response).endsWith('protobuf');

function bodyOf(bytes: Uint8Array, response: Response): FailureBody {
  const text = new TextDecoder().decode(bytes);
  try {
    const body = (
      isBinary(response) ? readRpcStatus(bytes) : JSON.parse(text)
    ) as FailureBody | null;
    if (typeof body === 'object' && body !== null) return body;
  } catch {
    // A page for people, or one that was cut.
  }
  const quoted = text.trim() && `: ${JSON.stringify(text.trim().slice(0, QUOTED))}`;
  return { error: `The server answered ${response.status}${from(response)}${quoted}` };
}

/** A redirect makes a GET of a POST, or leads to a page to log in: the answer alone would be a riddle. */
const from = ({ redirected, url }: Response): string => (redirected ? ` from ${url}` : '');

const requestIdOf = ({ headers }: Response): string | undefined =>
  headers.get('x-request-id') ?? undefined;

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const isClientFault = (status: number): boolean => status >= 400 && status < 500;
const isCode = (value: unknown): value is ErrorCode =>
  value !== 'OK' && (CODES as readonly unknown[]).includes(value);
const isDetail = (value: unknown): value is ErrorDetail =>
  typeof (value as ErrorDetail | null)?.path === 'string' &&
  typeof (value as ErrorDetail).message === 'string';
