import type { Answer } from '../endpoint/answer.js';
import type { Outlet } from '../endpoint/outlet.js';
import { ServingError } from '../errors/index.js';
import { SMALL, compressed, type Encoding } from './content-encoding.js';
import {
  JSON_TYPE,
  isAnswered,
  isGone,
  rawResponse,
  send,
  setHeader,
  type NestResponse,
} from './reply.js';

/** Sends a stream as one JSON array, when all of it is there. */
export class ArrayOutlet implements Outlet {
  readonly isFull = false;
  readonly #requestId: string;
  readonly #response: NestResponse;
  readonly #maxBytes: number;
  readonly #encoding: Encoding | undefined;
  readonly #items: string[] = [];
  /** With the brackets and a comma for each. */
  #bytes = 2;

  constructor(
    requestId: string,
    response: NestResponse,
    maxBytes: number,
    encoding: Encoding | undefined,
  ) {
    this.#requestId = requestId;
    this.#encoding = encoding;
    this.#response = response;
    this.#maxBytes = maxBytes;
  }

  onceReady(): void {}

  write({ text }: Answer): void {
    this.#bytes += Buffer.byteLength(text) + (this.#items.length > 0 ? 1 : 0);
    if (this.#bytes > this.#maxBytes) {
      throw new ServingError(
        'PayloadTooLarge',
        `The answer is larger than ${this.#maxBytes} bytes as one array: ask for it line by line, with Accept: application/x-ndjson`,
      );
    }
    this.#items.push(text);
  }

  end(): void {
    const text = `[${this.#items.join(',')}]`;
    if (this.#encoding === undefined || this.#bytes <= SMALL) return this.#send(text);
    compressed(text, this.#encoding)
      .then((body) => {
        if (isAnswered(this.#response) || isGone(rawResponse(this.#response))) return;
        setHeader(this.#response, 'content-encoding', this.#encoding!);
        this.#send(body);
      })
      .catch(() => rawResponse(this.#response).destroy()); // nobody is above who would answer
  }

  #send(body: string | Buffer): void {
    const response = this.#response;
    setHeader(response, 'x-request-id', this.#requestId);
    send(response, rawResponse(response).statusCode, JSON_TYPE, body);
  }
}
