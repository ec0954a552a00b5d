import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Call } from '../endpoint/call.js';
import { failureAnswer, type FailureAnswer } from '../gate/failure-answer.js';
import { rpcStatus } from '../gate/rpc-status.js';
import { acceptedBinary } from './accept.js';

/** The part of Fastify's reply the library uses, so that its types need not be installed. */
interface FastifyReply {
  readonly raw: ServerResponse;
  readonly request: {
    readonly params?: Readonly<Record<string, string>>;
    readonly originalUrl?: string;
    readonly host: string;
  };
  readonly sent: boolean;
  readonly statusCode: number;
  hijack(): unknown;
  getHeaders(): Readonly<Record<string, OutgoingHttpHeader | undefined>>;
  serializer(serialize: (payload: unknown) => string): this;
  header(name: string, value: string | number | string[]): this;
  getHeader(name: string): OutgoingHttpHeader | undefined;
  code(status: number): this;
  send(payload: string | Buffer): this;
}

interface ExpressResponse extends ServerResponse {
  send(body: string): void;
}

/** What Nest calls the response: Node's on Express, Fastify's own on Fastify. */
export type NestResponse = ServerResponse | FastifyReply;

export function rawResponse(response: NestResponse): ServerResponse {
  return 'raw' in response ? response.raw : response;
}

/** Node's own of what Nest calls the request. */
export function rawRequest(request: object): IncomingMessage {
  return 'raw' in request ? (request.raw as IncomingMessage) : (request as IncomingMessage);
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function setHeader(
  response: NestResponse,
  name: string,
  value: string | number | string[],
): void {
  if ('raw' in response) response.header(name, value);
  else response.setHeader(name, value);
}

export function setStatus(response: NestResponse, status: number): void {
  if ('raw' in response) response.code(status);
  else response.statusCode = status;
}

/**
 * Makes Express send the text that a handler returns as it is. Its own `send` would compute an ETag
 * of every answer, which no client of a POST can use. Fastify sends a text as it is anyway.
 */
export function sendsText(response: NestResponse): void {
  if ('raw' in response) return;
  (response as ExpressResponse).send = sendText;
}

/**
 * Makes a bare string or null that an interceptor of the app has seen, and left as it is, go out as
 * the JSON it is: an adapter sends a string without its quotes, and for null nothing.
 */
export function sendsScalar(response: NestResponse, value: string | null, text: string): void {
  if ('raw' in response) {
    response.serializer((payload) => {
      if (payload === value) return text;
      return typeof payload === 'string' ? payload : JSON.stringify(payload);
    });
    return;
  }
  function send(this: ServerResponse, body: string | undefined): void {
    sendText.call(this, body === undefined || body === value ? text : body);
  }
  (response as ExpressResponse).send = send;
}

/** Node tells the length of what is sent in one piece to clients of HTTP/1.1 only. */
function sendText(this: ServerResponse, text: string | Buffer): void {
  this.setHeader('content-length', Buffer.byteLength(text));
  this.end(text);
}

/** Sends a body as it is, past what an adapter adds to an answer (Express an ETag of it). */
export function send(
  response: NestResponse,
  status: number,
  type: string,
  body: string | Buffer,
): void {
  setHeader(response, 'content-type', type);
  if ('raw' in response) {
    response.code(status).send(body);
  } else {
    response.statusCode = status;
    sendText.call(response, body);
  }
}

/**
 * Takes a response over from its adapter, to be written to bit by bit: with the headers that it has been
 * given, which Fastify keeps apart.
 */
export function openRaw(response: NestResponse): ServerResponse {
  if (!('raw' in response)) return response;
  const { raw } = response;
  response.hijack();
  for (const [name, value] of Object.entries(response.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  return raw;
}

/** Answers a call that failed, unless it is answered already. */
export function sendFailure(
  response: NestResponse,
  call: Pick<Call, 'requestId' | 'log' | 'failure'>,
  error: unknown,
): void {
  const failure = failureAnswer(call, error);
  if (isGone(rawResponse(response)) || isAnswered(response)) return;
  const { status, retryAfter } = failure;
  setHeader(response, 'x-request-id', call.requestId);
  if (retryAfter !== undefined) setHeader(response, 'retry-after', retryAfter);
  const binary = acceptedBinary(rawResponse(response).req.headers.accept);
  if (binary !== undefined) {
    return send(response, status, binary, rpcStatus(failure, call.requestId));
  }
  send(response, status, JSON_TYPE, failureText(failure, call.requestId));
}

/** A failure as the client gets it: the body of an answer, or the last item of a stream. */
export function failureText({ error, code, details }: FailureAnswer, requestId: string): string {
  return JSON.stringify({ error, code, requestId, details });
}

/** Whether an answer is on its way. */
export function isAnswered(response: NestResponse): boolean {
  return rawResponse(response).headersSent || ('sent' in response && response.sent);
}

/** Whether the whole answer has been sent; a stream of HTTP/2 that is reset counts as finished, too. */
export function isFinished(response: ServerResponse | Http2ServerResponse): boolean {
  if (!('stream' in response)) return response.writableFinished;
  return response.stream.writableFinished && !response.stream.aborted;
}

/** Whether its client has gone away; a response of HTTP/2 shows that on its stream only. */
export function isGone(response: ServerResponse | Http2ServerResponse): boolean {
  if (!('stream' in response)) return response.destroyed;
  const { stream } = response;
  return stream.aborted || stream.closed || stream.destroyed;
}
