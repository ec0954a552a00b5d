import { ServingClientError } from './serving-client-error.js';

/** What is there of an error of Node's sockets, or of the fetch that wraps one. */
interface SocketError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
  /** Of an attempt at each address of a name. */
  readonly errors?: readonly unknown[];
}

/** Codes of connections that never were: Node's resolver and sockets, its fetch, Bun. */
const NEVER_CONNECTED: unknown[] = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'ConnectionRefused',
];

/** What Node does before a request goes out: it looks for the name, and connects. */
const BEFORE_SENDING: unknown[] = ['getaddrinfo', 'connect'];

/** The failure of a request to which no answer came. */
export function unreachable(error: unknown): ServingClientError {
  const retryable = neverConnected(error);
  const message = `${retryable ? 'The server cannot be reached' : 'No answer came'}: ${reasonOf(error)}`;
  return new ServingClientError('UNAVAILABLE', message, { retryable, cause: error });
}

/** What the innermost cause says: of itself a `fetch` says little more than that it failed. */
function reasonOf(error: unknown): string {
  const { message, cause, errors } = (error ?? {}) as SocketError;
  const inner = cause ?? errors?.[0];
  return inner == null ? String(message || error) : reasonOf(inner);
}

/** Whether the server surely has nothing of the request; a browser does not say. */
function neverConnected(error: unknown): boolean {
  const { code, syscall, cause, errors } = (error ?? {}) as SocketError;
  if (errors?.length) return errors.every(neverConnected);
  const isKnown = BEFORE_SENDING.includes(syscall) || NEVER_CONNECTED.includes(code);
  return isKnown || (cause != null && neverConnected(cause));
}
