import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Answer } from '../endpoint/answer.js';
import { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { FAILURES, InvalidRequest, ServingError } from '../errors/index.js';
import type { PredictContext } from '../execution/index.js';
import { conclude } from '../gate/conclusion.js';
import { holdCall } from '../gate/held-call.js';
import { requestIdOf } from '../gate/request-id.js';
import { X_CACHE } from '../gate/x-cache.js';
import { acceptedBinary } from './accept.js';
import { onceClosed } from './once-closed.js';
import { paramsOf, queryOf, requestOf } from './request-url.js';
import {
  JSON_TYPE,
  isAnswered,
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
  /** What a client was told by the end of a stream, whose head had said 200. */
  lateStatus: number | undefined = undefined;
  /** What has been named to the span of its request as the route that it is on. */
  #namedRoute: string | undefined = undefined;
  readonly #acceptedBinary: string | undefined;
  #params: PredictContext['params'] | undefined;
  #query: PredictContext['query'] | undefined;

  constructor(endpoint: Endpoint, { headers }: IncomingMessage, response: NestResponse) {
    super(endpoint, requestIdOf(headers['x-request-id']), headers);
    this.response = response;
    this.#acceptedBinary = acceptedBinary(headers.accept);
  }

  override get params(): PredictContext['params'] {
    return (this.#params ??= paramsOf(requestOf(this.response)));
  }

  override get query(): PredictContext['query'] {
    return (this.#query ??= queryOf(requestOf(this.response)));
  }

  /** The `Content-Type` of its answer, where that is a binary message. */
  get binaryType(): string | undefined {
    const { schema, options } = this.endpoint;
    return schema?.response === undefined || options.stream ? undefined : this.#acceptedBinary;
  }

  override get isBinary(): boolean {
    return this.binaryType !== undefined;
  }

  override get isAnswered(): boolean {
    return isAnswered(this.response);
  }

  /** Tells the span of its request which route it is on: the template, which is one of its endpoint's. */
  nameRoute(route: string): void {
    const { tracing } = this.endpoint;
    if (tracing === undefined) return;
    tracing.nameRoute(route, this.#namedRoute);
    this.#namedRoute = route;
  }

  /**
   * Sets the headers of the answer and gives what Nest is to send: its text, as it is, or its value
   * where an interceptor of the app looks at it first.
   */
  override present(answer: Answer): unknown {
    // An interceptor of the app may look at it, and what comes of that is the door's to send.
    if (isSentByDoor(this)) return super.present(answer);
    const { response } = this;
    describeAnswer(this, response);
    setHeader(response, 'content-type', JSON_TYPE);
    if (!this.endpoint.bound.interceptors) {
      sendsText(response);
      return answer.text;
    }
    const { value, text } = answer;
    if (typeof value === 'string' || value === null) sendsScalar(response, value, text);
    return value;
  }
}

/** Whether the answer to a call is none that a framework can send: a stream, a binary message, a compressed one. */
export function isSentByDoor({ outlet, isBinary, endpoint }: Call): boolean {
  return outlet !== undefined || isBinary || endpoint.options.compress;
}

/** Says by headers how an answer came about. */
export function describeAnswer({ cacheResult, age }: Call, response: NestResponse): void {
  if (cacheResult !== undefined) {
    setHeader(response, 'x-cache', X_CACHE[cacheResult]);
    if (cacheResult === 'hit') setHeader(response, 'age', age);
  }
}

/** Makes the call of a request that has arrived. */
export function openCall(
  endpoint: Endpoint,
  request: IncomingMessage,
  response: NestResponse,
): HttpCall {
  const call = new HttpCall(endpoint, request, response);
  concludeWhenClosed(call, request);
  return call;
}

/** Lets a request hold its call, and concludes that, once, when the response closes. */
export function concludeWhenClosed(call: HttpCall, request: IncomingMessage): void {
  const { response } = call;
  holdCall(request, call);
  const raw = rawResponse(response);
  onceClosed(request, raw, function closeCall() {
    const status = call.lateStatus ?? raw.statusCode;
    if (status < 400 && isFinished(raw)) conclude(call, request.method!, status);
    // What is logged of a failure belongs to the call.
    else call.inContext(concludeFailure, undefined, call, request.method!, raw);
  });
}

function concludeFailure(call: HttpCall, method: string, response: ServerResponse): void {
  const finished = isFinished(response);
  if (!finished) {
    const gone = new ServingError('Cancelled', 'The client went away before the answer');
    call.failure = gone;
    call.cancel(gone);
  }
  const status = call.lateStatus ?? response.statusCode;
  conclude(call, method, finished ? status : FAILURES.Cancelled.status);
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
