import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { InvalidRequest } from '../errors/index.js';
import type { Door, Read } from '../gate/door.js';
import { UploadShare, type UploadBudget } from '../gate/upload-budget.js';
import type { EndpointExchange } from './endpoint-exchange.js';
import { GrpcCall } from './grpc-call.js';
import { MessageOutlet } from './message-outlet.js';
import { tooLarge } from './refusal.js';
import { headOf } from './trailers.js';

/** The door of gRPC: a binary message in; one out, or a stream of them, and a status. */
export class GrpcDoor implements Door<EndpointExchange> {
  readonly #uploads: UploadBudget;

  constructor(uploads: UploadBudget) {
    this.#uploads = uploads;
  }

  find({ endpoint }: EndpointExchange): Endpoint {
    return endpoint;
  }

  open(endpoint: Endpoint, exchange: EndpointExchange): Call {
    const call = new GrpcCall(endpoint, exchange);
    if (endpoint.options.stream) call.outlet = new MessageOutlet(call);
    return call;
  }

  read(call: Call, exchange: EndpointExchange, done: Read): void {
    const { bodyLimit } = call.endpoint.options;
    exchange.read(call.deadline, new UploadShare(this.#uploads), function take(error, message) {
      if (error !== undefined) return done(error);
      if (message!.length > bodyLimit) return done(tooLarge(bodyLimit));
      call.body = message;
      let input: object;
      try {
        input = inputOf(call, message!);
      } catch (cause) {
        return done(cause);
      }
      done(undefined, input);
    });
  }

  answer(call: Call, answer: Answer, exchange: EndpointExchange): void {
    if (exchange.isAnswered) return;
    exchange.respond(headOf(call), answer.bytes(call.endpoint.schema!.response!));
  }

  fail(call: Call, error: unknown): void {
    (call as GrpcCall).fail(error);
  }
}

/** What a message breaks of its schema is the validation's to say: guards have their say first. */
function inputOf(call: Call, message: Buffer): object {
  try {
    return call.endpoint.schema!.request!.readBinary(message) as object;
  } catch (error) {
    if (!(error instanceof InvalidRequest)) throw error;
    call.flaw = error;
    return {};
  }
}
