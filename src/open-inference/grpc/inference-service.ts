import { Logger } from '@nestjs/common';
import {
  Metadata,
  type sendUnaryData,
  type Server,
  type ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import type { Endpoint } from '../../endpoint/endpoint.js';
import { ServingError } from '../../errors/index.js';
import { failureAnswer } from '../../gate/failure-answer.js';
import { requestIdOf } from '../../gate/request-id.js';
import type { UploadBudget } from '../../gate/upload-budget.js';
import { Exchange } from '../../grpc/exchange.js';
import { bareMethod, type OwnService } from '../../grpc/own-service.js';
import { blameForUnread } from '../../grpc/refusal.js';
import { statusOf } from '../../grpc/trailers.js';
import { ArrivingMessages } from './arriving-messages.js';
import { InferDoor } from './infer-door.js';
import { InferStream, type BareStream } from './infer-stream.js';
import { PROTO, SERVICE } from './inference-proto.js';
import type { Models } from '../models.js';
import { QUESTIONS } from './questions.js';

const ONE = { requestStream: false, responseStream: false };
const INFER = `/${SERVICE}/ModelInfer`;
const STREAM = `/${SERVICE}/ModelStreamInfer`;

/** `inference.GRPCInferenceService`: the models of the app for the clients of Triton and KServe. */
export class InferenceService implements OwnService {
  readonly names = [SERVICE];
  readonly protos = [PROTO];
  readonly endpoints: readonly Endpoint[];
  readonly messageLimit: number;
  readonly #models: Models;
  readonly #uploads: UploadBudget;
  readonly #door: InferDoor;
  readonly #logger = new Logger('OpenInference');
  readonly #streams = new Set<InferStream>();
  #isEnding = false;
  /** Between the interceptor and the handler, which grpc-js calls one after the other. */
  #arriving: Exchange | undefined;
  #arrivingStream: ArrivingMessages | undefined;

  constructor(models: Models, uploads: UploadBudget) {
    this.#models = models;
    this.#uploads = uploads;
    this.#door = new InferDoor(models, uploads);
    this.endpoints = models.endpoints;
    this.messageLimit = Math.max(0, ...models.endpoints.map(({ options }) => options.bodyLimit));
  }

  intercept(
    path: string,
    wire: ServerInterceptingCallInterface,
  ): ServerInterceptingCall | undefined {
    if (path === STREAM) {
      blameForUnread(wire);
      this.#arrivingStream = new ArrivingMessages(wire, this.#uploads);
      return this.#arrivingStream.call;
    }
    if (path !== INFER) return undefined;
    const exchange = new Exchange(this.messageLimit, wire, () => {
      this.#arriving = exchange;
    });
    return exchange;
  }

  addTo(server: Server): void {
    for (const name of Object.keys(QUESTIONS)) {
      const method = bareMethod(`/${SERVICE}/${name}`, ONE);
      server.addService({ [name]: method }, { [name]: this.#answering(name) });
    }
    const many = { requestStream: true, responseStream: true };
    server.addService(
      { ModelStreamInfer: bareMethod(STREAM, many) },
      { ModelStreamInfer: (stream: BareStream) => this.#serveStream(stream) },
    );
    server.addService(
      { ModelInfer: bareMethod(INFER, ONE) },
      {
        ModelInfer: (stream: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) => {
          const exchange = this.#arriving!;
          this.#arriving = undefined;
          exchange.begin({ stream, respond });
          this.#door.enter(exchange);
        },
      },
    );
  }

  /** Streams end with what is under way. */
  end(): void {
    this.#isEnding = true;
    for (const stream of this.#streams) stream.refuse(shuttingDown());
  }

  #serveStream(bare: BareStream): void {
    const stream = new InferStream(bare, this.#models, this.#arrivingStream!);
    this.#arrivingStream = undefined;
    this.#streams.add(stream);
    bare.on('cancelled', () => this.#streams.delete(stream));
    if (this.#isEnding) stream.refuse(shuttingDown());
  }

  #answering(name: string) {
    const request = PROTO.codec(`inference.${name}Request`);
    const response = PROTO.codec(`inference.${name}Response`);
    const answer = QUESTIONS[name]!;
    return (
      { request: bytes, metadata }: ServerUnaryCall<Buffer, Buffer>,
      respond: sendUnaryData<Buffer>,
    ) => {
      const requestId = requestIdOf(metadata.get('x-request-id')[0]);
      try {
        const told = answer(this.#models, request.readBinary(bytes) as object);
        const trailers = new Metadata();
        trailers.set('x-request-id', requestId);
        respond(null, response.writeBinary(told), trailers);
      } catch (error) {
        const failure = failureAnswer({ log: this.#logger, failure: undefined }, error);
        respond(statusOf(failure, requestId));
      }
    };
  }
}

function shuttingDown(): ServingError {
  return new ServingError('Unavailable', 'The server is shutting down', { retryAfter: 1 });
}
