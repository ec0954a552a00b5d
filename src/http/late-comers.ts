import type { IncomingMessage } from 'node:http';
import type { Endpoint } from '../endpoint/endpoint.js';
import { callHeldBy } from '../gate/held-call.js';
import type { Intake, Received } from '../gate/intake.js';
import { tooLarge } from './body-reader.js';
import { refuseForeignPage } from './foreign-page.js';
import { openCall, type HttpCall } from './http-call.js';
import { readInput } from './body-input.js';
import { checkHead, type Exchange } from './http-door.js';

/**
 * Takes requests to an endpoint that a middleware has led them to since their bodies were read: for
 * another endpoint, or by the app's own parser.
 */
export class LateComers {
  readonly #intake: Intake<Exchange>;

  constructor(intake: Intake<Exchange>) {
    this.#intake = intake;
  }

  receive(endpoint: Endpoint, exchange: Exchange, done: Received): void {
    const { response, route } = exchange;
    const request: IncomingMessage & { body?: unknown } = exchange.request;
    const { 'content-type': type = '', 'content-length': length = 0 } = request.headers;
    const call = callHeldBy(request) as HttpCall | undefined;
    const isParsed = call !== undefined || (request.readableEnded && type.includes('json'));
    if (!isParsed) return this.#intake.receive(endpoint, exchange, done);
    const moved = call ?? openCall(endpoint, request, response);
    moved.moveTo(endpoint);
    moved.nameRoute(route!);
    const refuse = (error: unknown) => this.#intake.refuse(moved, error, done);
    let bytes: Buffer;
    try {
      this.#intake.admit(moved);
      checkHead(moved, response);
      refuseForeignPage(moved.headers, response);
      bytes = call?.body ?? Buffer.from(call?.text?.text ?? JSON.stringify(request.body) ?? '');
      const { bodyLimit } = endpoint.options;
      if (Math.max(bytes.length, Number(length)) > bodyLimit) throw tooLarge(bodyLimit);
    } catch (error) {
      return refuse(error);
    }
    readInput(moved, bytes, function read(error, input) {
      if (error !== undefined) return refuse(error);
      moved.input = input;
      done(undefined, moved);
    });
  }
}
