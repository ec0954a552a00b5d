import type { IncomingMessage } from 'node:http';
import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Outlet } from '../endpoint/outlet.js';
import type { Door, Read } from '../gate/door.js';
import { AnswerSender } from './answer-sender.js';
import { readBody } from './body-reader.js';
import { acceptedEncoding, setVary } from './content-encoding.js';
import { readInput } from './body-input.js';
import { refuseForeignPage } from './foreign-page.js';
import { openCall, timeoutOf, type HttpCall } from './http-call.js';
import { bodyKindOf } from './media-type.js';
import { failureAnswer } from '../gate/failure-answer.js';
import { ArrayOutlet } from './array-outlet.js';
import { failureText, rawResponse, sendFailure, type NestResponse } from './reply.js';
import { pathOf } from './request-url.js';
import { streamFormOf } from './stream-form.js';
import { hasBegun, StreamOutlet } from './stream-outlet.js';
import { boundUnreadBody } from './unread-body.js';
import type { UploadBudget } from '../gate/upload-budget.js';

/** A request and the response to it. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: NestResponse;
  /** Whether a middleware is yet to say which foreign pages are allowed. */
  readonly corsIsToCome?: boolean;
  /** The template of the route that a framework has found for it. */
  readonly route?: string;
  /** Whether it is served before a framework has seen it. */
  readonly isDirect?: boolean;
}

/** The door of HTTP: POST requests with messages in their bodies, as JSON or otherwise, and answers back. */
export class HttpDoor implements Door<Exchange> {
  readonly find: (exchange: Exchange) => Endpoint | undefined;
  readonly #budget: UploadBudget;
  readonly #sender = new AnswerSender();

  /** @param find how the endpoint of a request is found: a framework's router does it in its own way */
  constructor(budget: UploadBudget, find: (exchange: Exchange) => Endpoint | undefined) {
    this.#budget = budget;
    this.find = find;
  }

  open(endpoint: Endpoint, { request, response, route }: Exchange): Call {
    const call = openCall(endpoint, request, response);
    // On the direct lane a path is its own template.
    if (endpoint.tracing !== undefined) call.nameRoute(route ?? pathOf(request));
    return call;
  }

  read(call: Call, exchange: Exchange, done: Read): void {
    const { request, response, corsIsToCome = false, isDirect = false } = exchange;
    try {
      checkHead(call, response);
      if (!corsIsToCome) refuseForeignPage(call.headers, response);
    } catch (error) {
      return done(error);
    }
    const { bodyLimit } = call.endpoint.options;
    readBody(
      request,
      bodyLimit,
      this.#budget,
      call.deadline,
      isDirect,
      function take(error, bytes) {
        if (error) return done(error);
        readInput(call, bytes!, done);
      },
    );
  }

  answer(call: Call, answer: Answer): void {
    if (!call.isAnswered) this.#sender.send(call as HttpCall, answer);
  }

  fail(call: Call, error: unknown, { request, response }: Exchange): void {
    try {
      if (hasBegun(call.outlet)) return failLate(call as HttpCall, call.outlet, error);
      boundUnreadBody(request, rawResponse(response));
      sendFailure(response, call, error);
    } catch {
      // The app's own logger, perhaps. Nobody is above who would answer.
      rawResponse(response).destroy();
    }
  }
}

/**
 * What the head of a request says of the call.
 *
 * @throws {ServingError}
 */
export function checkHead(call: Call, response: NestResponse): void {
  bodyKindOf(call.headers['content-type'] as string | undefined, call.endpoint);
  const timeout = timeoutOf(call.headers['x-request-timeout-ms']);
  if (timeout !== undefined) call.shortenTo(timeout);
  call.outlet = outletOf(call, response);
}

function outletOf(call: Call, response: NestResponse): Outlet | undefined {
  const { endpoint, headers, requestId } = call;
  const { stream, compress, commentInterval, maxArrayBytes } = endpoint.options;
  if (!stream) return undefined;
  const form = streamFormOf(headers.accept as string | undefined);
  const encoding = compress ? acceptedEncoding(headers['accept-encoding'] as string) : undefined;
  if (compress) setVary(response);
  return form === undefined
    ? new ArrayOutlet(requestId, response, maxArrayBytes, encoding)
    : new StreamOutlet(requestId, response, form, commentInterval, encoding);
}

/** The status of a stream that has begun has been said: its end says the other. */
function failLate(call: HttpCall, outlet: StreamOutlet, error: unknown): void {
  const failure = failureAnswer(call, error);
  call.lateStatus = failure.status;
  outlet.fail(failureText(failure, call.requestId));
}
