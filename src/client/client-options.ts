import type { PathParams, Query } from './endpoint-url.js';
import type { RetryOptions } from './retry.js';

/** An object, a `Headers`, or pairs of names and values; what is `undefined` is left out. */
export type RequestHeaders =
  | Readonly<Record<string, string | undefined>>
  | Iterable<readonly [name: string, value: string | undefined]>;

/** Options of {@link createClient}: what all calls have in common. */
export interface ClientOptions {
  /**
   * Sent with every request; of a function, what it gives for each try: a token that is renewed, say. What it
   * throws fails the call as it is.
   * @example async () => ({ authorization: `Bearer ${await session.token()}` })
   */
  readonly headers?: RequestHeaders | (() => RequestHeaders | Promise<RequestHeaders>);
  /**
   * Milliseconds that a call may take, its retries included, and a stream to its end. The server is told in
   * `X-Request-Timeout-Ms` what remains, and may have less. `Infinity` for no limit.
   * @default 30_000 for a call, as an endpoint has; `Infinity` for a stream
   */
  readonly timeout?: number;
  /**
   * How failed calls are made again; `false` for not at all.
   * @default see {@link RetryOptions}
   */
  readonly retry?: RetryOptions | false;
  /**
   * What makes the requests.
   * @default the global `fetch`
   * @example (url, init) => fetch(url, { ...init, credentials: 'include' })
   */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** Options of one call. */
export interface CallOptions {
  /** Beside those of the client; where both have a name, these are sent. */
  readonly headers?: RequestHeaders;
  /** Values of the URL's query. */
  readonly query?: Query;
  /**
   * Milliseconds that this call may take, its retries included.
   * @default the client's
   */
  readonly timeout?: number;
  /** Aborted by who wants no answer any more: the server stops, and the call fails with `CANCELLED`. */
  readonly signal?: AbortSignal;
  /**
   * Whether the call may run twice without harm, as most predictions may. It is then also tried again where it may
   * have run: a connection that was reset, an answer that was cut, a 502, a 503 without `Retry-After`, and in a
   * browser and Deno any failure of the network.
   * @default false
   */
  readonly idempotent?: boolean;
}

/** A call in JSON. */
export interface JsonCallOptions extends CallOptions {
  readonly encode?: undefined;
  readonly decode?: undefined;
}

/** A call in binary protobuf, by the functions of whichever library the caller has. */
export interface BinaryCallOptions<Input, Answer> extends CallOptions {
  /** @example (input) => toBinary(RequestSchema, input) */
  readonly encode: (input: Input) => Uint8Array;
  /** @example (bytes) => fromBinary(ResponseSchema, bytes) */
  readonly decode: (bytes: Uint8Array) => Answer;
}

/** The options of any call, as it is made. */
export interface AnyCallOptions extends CallOptions {
  readonly params?: PathParams;
  readonly encode?: (input: any) => Uint8Array;
  readonly decode?: (bytes: Uint8Array) => any;
}
