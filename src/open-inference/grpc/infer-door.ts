import { AsyncResource } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { failureAnswer } from '../../gate/failure-answer.js';
import { requestIdOf } from '../../gate/request-id.js';
import { UploadShare, type UploadBudget } from '../../gate/upload-budget.js';
import type { Exchange } from '../../grpc/exchange.js';
import { GrpcCall } from '../../grpc/grpc-call.js';
import { headOf, statusOf } from '../../grpc/trailers.js';
import { infer } from './infer.js';
import { InferRequest, writeInferResponse } from './infer-messages.js';
import type { Models } from '../models.js';

/**
 * The door of ModelInfer. Other than an endpoint's own method, which model a call is for stands in its
 * message: until that has been read there is nothing that it could be counted for.
 */
export class InferDoor {
  readonly #models: Models;
  readonly #uploads: UploadBudget;
  readonly #longest: number;
  readonly #logger = new Logger('OpenInference');

  constructor(models: Models, uploads: UploadBudget) {
    this.#models = models;
    this.#uploads = uploads;
    this.#longest = Math.max(0, ...models.endpoints.map(({ options }) => options.timeout));
  }

  enter(exchange: Exchange): void {
    const arrivedAt = performance.now();
    const timeLeft = Math.min(exchange.timeLeft, this.#longest);
    const share = new UploadShare(this.#uploads);
    // The last piece of a message arrives where its connection is, and not where its call was begun.
    const scope = new AsyncResource('ModelServingInfer');
    const read = (error: unknown, bytes: Buffer | undefined) => {
      if (error !== undefined) return this.#refuse(exchange, error);
      try {
        const asked = new InferRequest(bytes!);
        const { modelName, modelVersion } = asked;
        const endpoint = this.#models.find(modelName, modelVersion || undefined);
        const call = new GrpcCall(endpoint, exchange);
        call.shortenTo(endpoint.options.timeout - (call.arrivedAt - arrivedAt));
        this.#infer(call, asked, bytes!.length).catch((cause) => call.fail(cause));
      } catch (cause) {
        this.#refuse(exchange, cause);
      }
    };
    exchange.read(arrivedAt + timeLeft, share, (error, bytes) =>
      scope.runInAsyncScope(read, undefined, error, bytes),
    );
  }

  async #infer(call: GrpcCall, asked: InferRequest, size: number): Promise<void> {
    const { exchange } = call;
    const { metadata, stream } = exchange;
    const response = await infer(this.#models, call, asked, { size, metadata, stream });
    if (exchange.isAnswered) return;
    exchange.respond(headOf(call), writeInferResponse(response, asked.isRaw));
  }

  /** Of a call that is for no model. */
  #refuse(exchange: Exchange, error: unknown): void {
    const requestId = requestIdOf(exchange.metadata.get('x-request-id')[0]);
    const failure = failureAnswer({ log: this.#logger, failure: undefined }, error);
    exchange.fail(statusOf(failure, requestId));
  }
}
