import type { IncomingMessage } from 'node:http';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { ServingError } from '../errors/index.js';
import { deadlineExceeded, delayUntil } from '../execution/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { readBody, tooLarge } from './body-reader.js';
import { refuseForeignPage } from './foreign-page.js';
import { callOfRequest, openCall, timeoutOf } from './http-call.js';
import { decodeBody, parseBody } from './json-body.js';
import { refuseForm, refusePicture } from './media-type.js';
import { rawResponse, setHeader, type NestResponse } from './reply.js';
import { boundUnreadBody } from './unread-body.js';
import type { UploadBudget } from './upload-budget.js';

/** Called with the JSON object a request holds, or with what is wrong with the request. */
export type IntakeCallback = (error: unknown, call: Call, body?: object) => void;

/** The first step of a request to a model endpoint: makes its call and reads its body. */
export class Intake {
  readonly #readiness: Readiness;
  readonly #budget: UploadBudget;

  constructor(readiness: Readiness, budget: UploadBudget) {
    this.#readiness = readiness;
    this.#budget = budget;
  }

  /** @param corsIsToCome whether a middleware is yet to say which foreign pages are allowed */
  receive(
    endpoint: Endpoint,
    request: IncomingMessage,
    response: NestResponse,
    done: IntakeCallback,
    corsIsToCome = false,
  ): void {
    const call = openCall(endpoint, request, response);
    // A body ends in the async context of its connection: the request goes on in its own.
    function goOn(error: unknown, body?: object): void {
      call.inContext(done, undefined, error, call, body);
    }

    setHeader(response, 'x-request-id', call.requestId);

    function refuse(error: unknown): void {
      boundUnreadBody(request, rawResponse(response));
      goOn(error);
    }

    try {
      this.#admit(call);
      if (!corsIsToCome) refuseForeignPage(call.headers, response);
    } catch (error) {
      return refuse(error);
    }
    const late = setTimeout(
      () => stop(deadlineExceeded()),
      delayUntil(call.deadline, performance.now()),
    );
    const { bodyLimit } = endpoint.options;
    const stop = readBody(request, bodyLimit, this.#budget, function read(error, bytes) {
      clearTimeout(late);
      if (error) return refuse(error);
      let body: object;
      try {
        body = takeBody(call, bytes!);
      } catch (error) {
        return goOn(error);
      }
      goOn(undefined, body);
    });
  }

  /**
   * Takes a request to an endpoint that a middleware has led it to since its body was read: for another
   * endpoint, or by the app's own parser.
   */
  redirect(
    endpoint: Endpoint,
    request: IncomingMessage & { body?: unknown },
    response: NestResponse,
    done: IntakeCallback,
  ): void {
    const { 'content-type': type = '', 'content-length': length = 0 } = request.headers;
    const call = callOfRequest(request);
    const isParsed = call !== undefined || (request.readableEnded && type.includes('json'));
    if (!isParsed) return this.receive(endpoint, request, response, done);
    const moved = call ?? openCall(endpoint, request, response);
    moved.moveTo(endpoint);
    setHeader(response, 'x-request-id', moved.requestId);
    let body: object;
    try {
      this.#admit(moved);
      refuseForeignPage(moved.headers, response);
      const bytes = Buffer.from(call?.text?.text ?? JSON.stringify(request.body) ?? '');
      const { bodyLimit } = endpoint.options;
      if (Math.max(bytes.length, Number(length)) > bodyLimit) throw tooLarge(bodyLimit);
      body = takeBody(moved, bytes);
    } catch (error) {
      return done(error, moved);
    }
    done(undefined, moved, body);
  }

  #admit(call: Call): void {
    if (!this.#readiness.accepting) {
      throw new ServingError('Unavailable', 'The server does not take requests now', {
        retryAfter: 1,
      });
    }
    refusePicture(call.headers, call.endpoint.route);
    const timeout = timeoutOf(call.headers['x-request-timeout-ms']);
    if (timeout !== undefined) call.shortenTo(timeout);
  }
}

/** Makes a body the input of its call. */
function takeBody(call: Call, bytes: Buffer): object {
  refuseForm(call.headers, bytes, call.endpoint.route);
  call.text = decodeBody(bytes);
  call.wellFormed = call.text.isWellFormed();
  const body = parseBody(call.text);
  call.input = body;
  return body;
}
