import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { ArgumentsHost } from '@nestjs/common';
import { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import {
  ConfigurationError,
  FAILURES,
  InvalidRequest,
  ServingError,
  type Outcome,
} from '../errors/index.js';
import type { PredictContext } from '../execution/index.js';
import type { CacheResult } from '../metrics/index.js';
import type { Answer } from '../interceptors/answer.js';
import { noteFailure } from './failure-note.js';
import { onceClosed } from './once-closed.js';
import { paramsOf, queryOf, requestOf } from './request-url.js';
import {
  JSON_TYPE,
  isFinished,
  rawResponse,
  sendsScalar,
  sendsText,
  setHeader,
  type NestResponse,
} from './reply.js';

/** A call that came by HTTP. */
export class HttpCall extends Call {
  readonly response: NestResponse;
  #params: PredictContext['params'] | undefined;
  #query: PredictContext['query'] | undefined;

  constructor(endpoint: Endpoint, { headers }: IncomingMessage, response: NestResponse) {
    super(endpoint, requestIdOf(headers['x-request-id']), headers);
    this.response = response;
  }

  override get params(): PredictContext['params'] {
    return (this.#params ??= paramsOf(requestOf(this.response)));
  }

  override get query(): PredictContext['query'] {
    return (this.#query ??= queryOf(requestOf(this.response)));
  }
}

/**
 * Where a request holds its call. A WeakMap would leave the request untouched, but with thousands of
 * short-lived keys it costs the garbage collector more than all else that is done for a request.
 */
const CALL = Symbol('nestjs-model-serving:call');

interface WithCall {
  [CALL]?: HttpCall;
}

/** The call of an HTTP request, once {@link openCall} made one of it. */
export function callOf(host: ArgumentsHost): HttpCall | undefined {
  return callOfRequest(host.switchToHttp().getRequest());
}

/** The same of what Nest calls the request: Node's on Express, Fastify's own on Fastify. */
export function callOfRequest(request: unknown): HttpCall | undefined {
  return (rawOf(request) as WithCall | null | undefined)?.[CALL];
}

export function isHttpRequest(value: unknown): boolean {
  const raw = rawOf(value);
  return typeof raw === 'object' && raw !== null && 'httpVersion' in raw;
}

/** For a request of Nest's to a model endpoint that has no call, since nobody opened one. */
export function withoutModule(owner: string): ConfigurationError {
  return new ConfigurationError(
    `${owner}: expected ModelServingModule.forRoot() among the imports of the app, got a request without it`,
  );
}

function rawOf(request: unknown): unknown {
  return (request as { raw?: unknown } | null | undefined)?.raw ?? request;
}

/** A store that fails is a miss to the client. */
const X_CACHE: Record<CacheResult, string> = {
  hit: 'HIT',
  miss: 'MISS',
  error: 'MISS',
  coalesced: 'COALESCED',
  bypass: 'BYPASS',
};

/**
 * Sets the headers of a call's answer and gives what Nest is to send: its text, as it is, or its
 * value where an interceptor of the app looks at it first.
 */
export function deliver(call: HttpCall, answer: Answer): unknown {
  const { response, cacheResult, endpoint } = call;
  if (cacheResult !== undefined) {
    setHeader(response, 'x-cache', X_CACHE[cacheResult]);
    if (cacheResult === 'hit') setHeader(response, 'age', call.age);
  }
  setHeader(response, 'content-type', JSON_TYPE);
  if (!endpoint.answersText) {
    const { value, text } = answer;
    if (typeof value === 'string' || value === null) sendsScalar(response, value, text);
    return value;
  }
  sendsText(response);
  return answer.text;
}

/** Makes the call of a request that has arrived, and ends and counts it, once, when the response closes. */
export function openCall(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: NestResponse,
): HttpCall {
  const call = new HttpCall(endpoint, request, response);
  (request as WithCall)[CALL] = call;
  const raw = rawResponse(response);
  function closeCall() {
    const { endpoint } = call;
    const finished = isFinished(raw);
    if (!finished) {
      const gone = new ServingError('Cancelled', 'The client went away before the answer');
      call.failure = gone;
      call.cancel(gone);
    }
    const status = finished ? raw.statusCode : FAILURES.Cancelled.status;
    endpoint.metrics.settled(outcomeOfStatus(status));
    endpoint.metrics.answered(request.method!, status, performance.now() - call.arrivedAt);
    endpoint.departed();
    if (status >= 400) noteFailure(call, status);
  }
  onceClosed(request, raw, () => call.inContext(closeCall));
  return call;
}

const VISIBLE_ASCII = /^[\x21-\x7e]{1,128}$/;

/** The client's id for a request, or one made for it. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && VISIBLE_ASCII.test(header) ? header : randomUUID();
}

/**
 * The milliseconds of `X-Request-Timeout-Ms`, `undefined` where there is none.
 *
 * @throws {InvalidRequest} For anything but a whole number.
 */
export function timeoutOf(header: string | string[] | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && /^\d{1,15}$/.test(header)) return Number(header);
  throw new InvalidRequest(
    `Expected X-Request-Timeout-Ms to be a whole number of milliseconds, got "${String(header).slice(0, 40)}"`,
  );
}

/**
 * What a request is counted under: by what its client was told in the end, since guards, interceptors
 * and filters of the app may answer, fail or recover after the model did.
 */
function outcomeOfStatus(status: number): Outcome {
  if (status < 400) return 'ok';
  const known = Object.values(FAILURES).find((failure) => failure.status === status);
  if (known) return known.outcome;
  if (status === 401 || status === 403) return 'rejected';
  return status < 500 ? 'invalid' : 'error';
}
