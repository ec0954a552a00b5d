import { CallScope } from './call-scope.js';
import type { AnyCallOptions, ClientOptions, RequestHeaders } from './client-options.js';
import { endpointUrl } from './endpoint-url.js';
import { EventReader } from './event-reader.js';
import { cutAnswer, failureOf, isBinary, mediaTypeOf, unreadable } from './failure.js';
import { jsonText } from './json-text.js';
import { Retrier } from './retry.js';
import { unreachable } from './unreachable.js';

const JSON_TYPE = 'application/json';
const BINARY_TYPE = 'application/x-protobuf';
const EVENTS_TYPE = 'text/event-stream';

/** Milliseconds that an endpoint takes for a deadline: 15 digits. */
const MOST_TOLD = 1e15;

/** A request as every try of a call sends it. */
export interface PreparedRequest {
  readonly url: string;
  readonly body: string | Uint8Array;
  readonly headers: RequestHeaders;
  /** Of the call, which come last. */
  readonly ownHeaders: RequestHeaders | undefined;
}

/** One server, and how it is asked. */
export class Session {
  readonly #base: URL;
  readonly #options: ClientOptions;
  readonly #retrier: Retrier;

  constructor(baseUrl: string | URL, options: ClientOptions) {
    this.#base = baseOf(baseUrl);
    this.#options = options;
    this.#retrier = new Retrier(options.retry === false ? { limit: 0 } : (options.retry ?? {}));
  }

  /** Makes a call; the answer as JSON, or as the option `decode` has it. */
  async call(path: string, input: unknown, options: AnyCallOptions): Promise<unknown> {
    const { decode } = options;
    const request = this.prepare(path, input, options, decode ? BINARY_TYPE : JSON_TYPE);
    const scope = this.open(options, 30_000);
    try {
      return await this.retrying(scope, options, async () => {
        const response = await this.#send(scope, request);
        return decode ? readBinary(response, scope, decode) : readJson(response, scope);
      });
    } finally {
      scope.close();
    }
  }

  /** Asks once for a stream. */
  async events(scope: CallScope, request: PreparedRequest): Promise<EventReader> {
    const response = await this.#send(scope, request);
    const { body } = response;
    if (body && mediaTypeOf(response) === EVENTS_TYPE) {
      return new EventReader(response, body, scope.signal);
    }
    body?.cancel().catch(() => {});
    throw unreadable(response, `${EVENTS_TYPE} of an endpoint with \`stream: true\``);
  }

  prepare(
    path: string,
    input: unknown,
    { params, query, encode, headers }: AnyCallOptions,
    accept: string = EVENTS_TYPE,
  ): PreparedRequest {
    return {
      url: endpointUrl(this.#base, path, params, query),
      body: encode ? encode(input) : jsonText(input),
      headers: { accept, 'content-type': encode ? BINARY_TYPE : JSON_TYPE },
      ownHeaders: headers,
    };
  }

  open({ timeout, signal }: AnyCallOptions, usual: number): CallScope {
    return new CallScope(timeout ?? this.#options.timeout ?? usual, signal);
  }

  retrying<T>(
    scope: CallScope,
    { idempotent = false }: AnyCallOptions,
    attempt: () => Promise<T>,
  ): Promise<T> {
    return this.#retrier.run(scope, idempotent, attempt);
  }

  /** Sends a request once; the head of its answer, where that says success. */
  async #send(scope: CallScope, { url, body, ...request }: PreparedRequest): Promise<Response> {
    const { fetch = globalThis.fetch, headers: common } = this.#options;
    const given = typeof common === 'function' ? await scope.within(common) : common;
    const headers = headersOf(request.headers, given, request.ownHeaders);
    const { remaining } = scope;
    if (remaining < MOST_TOLD) headers.set('x-request-timeout-ms', remaining.toFixed());
    const init = {
      method: 'POST',
      body: body as RequestInit['body'],
      headers,
      signal: scope.signal,
    };
    const response = await scope
      .within(() => fetch(url, init))
      .catch((error: unknown) => {
        throw unreachable(error);
      });
    if (!response.ok) throw await scope.within(() => failureOf(response));
    return response;
  }
}

/** @throws {TypeError} */
function baseOf(baseUrl: string | URL): URL {
  const { location } = globalThis as { location?: { href: string } };
  const base = new URL(baseUrl, location?.href);
  if (!/^https?:$/.test(base.protocol) || base.username || base.password) {
    throw new TypeError(`Expected an http or https URL without a user, got a ${base.protocol} one`);
  }
  return base;
}

/** @throws {TypeError} for what can be no header */
function headersOf(...sources: (RequestHeaders | undefined)[]): Headers {
  const headers = new Headers();
  for (const source of sources) {
    const entries = source && Symbol.iterator in source ? source : Object.entries(source ?? {});
    for (const [name, value] of entries) {
      if (value !== undefined) headers.set(name, value);
    }
  }
  return headers;
}

async function readJson(response: Response, scope: CallScope): Promise<unknown> {
  const text = await whole(response, scope, () => response.text());
  if (!/[/+]json$/.test(mediaTypeOf(response))) throw unreadable(response, JSON_TYPE);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw unreadable(response, 'JSON', error);
  }
}

async function readBinary<Answer>(
  response: Response,
  scope: CallScope,
  decode: (bytes: Uint8Array) => Answer,
): Promise<Answer> {
  const bytes = await whole(response, scope, () => response.arrayBuffer());
  if (!isBinary(response)) throw unreadable(response, BINARY_TYPE);
  try {
    return decode(new Uint8Array(bytes));
  } catch (error) {
    throw unreadable(response, 'a message that `decode` takes', error);
  }
}

/** A body, when all of it is there. */
function whole<T>(response: Response, scope: CallScope, read: () => Promise<T>): Promise<T> {
  return scope.within(read).catch((error: unknown) => {
    throw cutAnswer(response, error);
  });
}
