import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { ServingError } from '../../errors/index.js';
import { answerOf } from '../../gate/failure-answer.js';
import { requestIdOf } from '../../gate/request-id.js';
import { statusOf } from '../../grpc/trailers.js';
import type { ArrivingMessages } from './arriving-messages.js';
import { infer } from './infer.js';
import { InferRequest, inferResponse } from './infer-messages.js';
import { PROTO } from './inference-proto.js';
import type { Models } from '../models.js';
import { StreamedCall } from './streamed-call.js';

export type BareStream = ServerDuplexStream<Buffer, Buffer>;

const RESPONSE = PROTO.codec('inference.ModelStreamInferResponse');

/** In Triton, of an answer: whether it is the last to its request. Clients that would read several wait for it. */
const FINAL = { triton_final_response: { boolParam: true } };

/** Bytes of a stream that may be under way at once; more are not read. */
const MOST_UNDER_WAY = 1024 * 1024;
/** What a request counts for in bytes, besides its own. */
const REQUEST = 16 * 1024;

/**
 * ModelStreamInfer: each message is a request, answered in the order of the requests. One that fails is
 * answered with its error, as Triton does, and the stream goes on.
 */
export class InferStream {
  readonly #stream: BareStream;
  readonly #models: Models;
  readonly #arriving: ArrivingMessages;
  readonly #requestId: string;
  readonly #calls = new Set<StreamedCall>();
  /** Ends with the last answer. */
  #last: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(stream: BareStream, models: Models, arriving: ArrivingMessages) {
    this.#stream = stream;
    this.#models = models;
    this.#arriving = arriving;
    this.#requestId = requestIdOf(stream.metadata.get('x-request-id')[0]);
    arriving.onRefusal = (error) => this.refuse(error);
    stream.on('data', (bytes: Buffer) => this.#take(bytes));
    stream.on('drain', () => stream.resume());
    stream.on('end', () => void this.#last.then(() => stream.end()));
    stream.on('cancelled', () => this.#calls.forEach((call) => call.leave()));
  }

  /** Reads no more, and fails when all that has been read is answered: what has not may be sent again. */
  refuse(error: ServingError): void {
    const stream = this.#stream;
    if (stream.readableEnded) return;
    stream.removeAllListeners('data').on('data', () => this.#arriving.taken());
    void this.#last.then(() => stream.emit('error', statusOf(answerOf(error), this.#requestId)));
  }

  #take(bytes: Buffer): void {
    this.#arriving.taken();
    const weight = REQUEST + bytes.length;
    this.#underWay += weight;
    if (this.#underWay >= MOST_UNDER_WAY) this.#stream.pause();
    const answer = this.#answerTo(bytes);
    this.#last = this.#last
      .then(() => answer)
      .then((message) => {
        this.#underWay -= weight;
        this.#write(message);
      });
  }

  #write(message: Buffer): void {
    const stream = this.#stream;
    if (stream.cancelled) return;
    // A client that asks faster than it reads waits for its answers.
    if (stream.write(message)) stream.resume();
    else stream.pause();
  }

  async #answerTo(bytes: Buffer): Promise<Buffer> {
    let asked: InferRequest | undefined;
    let call: StreamedCall | undefined;
    try {
      asked = new InferRequest(bytes);
      call = this.#open(asked);
      const { metadata } = call;
      const arrival = { size: bytes.length, metadata, stream: this.#stream };
      const response = await infer(this.#models, call, asked, arrival);
      const told = { ...inferResponse(response, asked.isRaw), parameters: FINAL };
      const message = RESPONSE.encode({ inferResponse: told });
      call.answered();
      return message;
    } catch (cause) {
      const errorMessage = call === undefined ? answerOf(cause).error : call.failed(cause);
      const { modelName = '', modelVersion = '', id } = asked ?? {};
      const told = { modelName, modelVersion, ...(id && { id }), parameters: FINAL };
      return RESPONSE.encode({ errorMessage, inferResponse: told });
    } finally {
      if (call !== undefined) this.#calls.delete(call);
    }
  }

  #open({ modelName, modelVersion, id }: InferRequest): StreamedCall {
    const endpoint = this.#models.find(modelName, modelVersion || undefined);
    const call = new StreamedCall(endpoint, this.#stream.metadata, id);
    this.#calls.add(call);
    call.shortenTo(Math.max(Number(this.#stream.getDeadline()) - Date.now(), 0));
    return call;
  }
}
