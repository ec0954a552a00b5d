import type { IncomingMessage } from 'node:http';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { ServingError } from '../errors/index.js';
import { deadlineExceeded, delayUntil } from '../execution/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { readBody } from './body-reader.js';
import { decodeBody, parseBody } from './json-body.js';
import { openCall, timeoutOf } from './http-call.js';
import { refuseForeignPage } from './foreign-page.js';
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

  receive(
    endpoint: Endpoint,
    request: IncomingMessage,
    response: NestResponse,
    done: IntakeCallback,
  ): void {
    const call = openCall(endpoint, request, response);
    setHeader(response, 'x-request-id', call.requestId);

    function refuse(error: unknown): void {
      boundUnreadBody(request, rawResponse(response));
      done(error, call);
    }

    try {
      this.#admit(call);
      refuseForeignPage(request.headers, response);
    } catch (error) {
      return refuse(error);
    }
    const late = setTimeout(
      () => stop(deadlineExceeded()),
      delayUntil(call.deadline, performance.now()),
    );
    const stop = readBody(
      request,
      endpoint.options.bodyLimit,
      this.#budget,
      function parse(error, bytes) {
        clearTimeout(late);
        if (error) return refuse(error);
        let body: object;
        try {
          const text = decodeBody(bytes!);
          body = parseBody(text, endpoint.schema?.request !== undefined);
          call.wellFormed = !text.includes('\\u');
        } catch (error) {
          return done(error, call);
        }
        call.input = body;
        done(undefined, call, body);
      },
    );
  }

  #admit(call: Call): void {
    if (!this.#readiness.accepting) {
      throw new ServingError('Unavailable', 'The server does not take requests now', {
        retryAfter: 1,
      });
    }
    const timeout = timeoutOf(call.headers['x-request-timeout-ms']);
    if (timeout !== undefined) call.shortenTo(timeout);
  }
}
