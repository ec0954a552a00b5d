import type { Answer } from '../../endpoint/answer.js';
import type { Call } from '../../endpoint/call.js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { InvalidRequest } from '../../errors/index.js';
import { Entrance } from '../../gate/entrance.js';
import type { Door, Read } from '../../gate/door.js';
import { failureAnswer } from '../../gate/failure-answer.js';
import { Intake } from '../../gate/intake.js';
import { readBody } from '../../http/body-reader.js';
import { refuseForeignPage } from '../../http/foreign-page.js';
import { concludeWhenClosed, timeoutOf } from '../../http/http-call.js';
import { isAnswered, JSON_TYPE, rawResponse, send, setHeader } from '../../http/reply.js';
import { boundUnreadBody } from '../../http/unread-body.js';
import type { UploadBudget } from '../../gate/upload-budget.js';
import type { Readiness } from '../../lifecycle/readiness.js';
import type { ServedModels } from '../served-models.js';
import {
  HEADER_LENGTH,
  readBinaryRequest,
  readHeaderLength,
  writeResponse,
  type InferenceRequest,
} from '../tensors/index.js';
import { InferCall } from './infer-call.js';
import { sendError, type Arrival } from './question.js';

/** A request for an inference, and the model that it is for. */
export interface InferArrival extends Arrival {
  readonly endpoint: Endpoint;
  /** The template of the path that it came by. */
  readonly route: string;
}

/** The door of inferences by HTTP: tensors in JSON, and bytes behind it, in and out. */
export class InferDoor implements Door<InferArrival> {
  readonly #models: ServedModels;
  readonly #budget: UploadBudget;
  readonly #entrance: Entrance<InferArrival>;

  constructor(models: ServedModels, budget: UploadBudget, readiness: Readiness) {
    this.#models = models;
    this.#budget = budget;
    this.#entrance = new Entrance(this, new Intake(this, readiness), (call, arrival) =>
      this.#infer(call, arrival),
    );
  }

  enter(arrival: InferArrival): void {
    this.#entrance.enter(arrival);
  }

  find({ endpoint }: InferArrival): Endpoint {
    return endpoint;
  }

  open(endpoint: Endpoint, { request, response, route, mountedAt }: InferArrival): Call {
    const call = new InferCall(endpoint, request, response);
    concludeWhenClosed(call, request);
    endpoint.tracing?.nameRoute(route, mountedAt);
    return call;
  }

  read(call: Call, { request, response }: InferArrival, done: Read): void {
    const { headers, endpoint } = call;
    const { tensors } = this.#models.of(endpoint).inputs;
    let headerLength: number | undefined;
    try {
      const timeout = timeoutOf(headers['x-request-timeout-ms']);
      if (timeout !== undefined) call.shortenTo(timeout);
      headerLength = readHeaderLength(headers[HEADER_LENGTH]);
      refuseForeignPage(request.headers, response);
    } catch (error) {
      return done(error);
    }
    const { bodyLimit } = endpoint.options;
    readBody(request, bodyLimit, this.#budget, call.deadline, false, function take(error, bytes) {
      if (error !== undefined) return done(error);
      let input: InferenceRequest;
      try {
        input = readBinaryRequest(bytes!, headerLength, tensors);
      } catch (flaw) {
        if (!(flaw instanceof InvalidRequest)) return done(flaw);
        // Who may not ask is not told what is wrong: guards have their say first.
        call.flaw = flaw;
        input = { inputs: [] };
      }
      done(undefined, input);
    });
  }

  /** It is answered where its tensors are there. */
  answer(_call: Call, _answer: Answer): void {}

  fail(call: Call, error: unknown, { request, response }: InferArrival): void {
    try {
      boundUnreadBody(request, rawResponse(response));
      const failure = failureAnswer(call, error);
      if (isAnswered(response) || rawResponse(response).destroyed) return;
      sendError(response, call.requestId, failure);
    } catch {
      // The app's own logger, perhaps. Nobody is above who would answer.
      rawResponse(response).destroy();
    }
  }

  async #infer(call: Call, { response, args }: InferArrival): Promise<undefined> {
    const request = call.input as InferenceRequest;
    const host = args[0] as { body?: unknown };
    // Where guards look for the input of a call; by gRPC it is their data.
    host.body = request;
    const visit = { args, request: host };
    const answer = await this.#models.infer(call, request, visit, 'http');
    if (call.isAnswered) return;
    const { json, binary, headerLength } = writeResponse(answer, request);
    setHeader(response, 'x-request-id', call.requestId);
    if (headerLength === undefined) return send(response, 200, JSON_TYPE, json) as undefined;
    setHeader(response, HEADER_LENGTH, headerLength);
    send(response, 200, 'application/octet-stream', Buffer.concat([Buffer.from(json), ...binary]));
  }
}
