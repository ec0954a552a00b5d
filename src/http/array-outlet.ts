import type { Answer } from '../endpoint/answer.js';
import type { Outlet } from '../endpoint/outlet.js';
import { ServingError } from '../errors/index.js';
import { JSON_TYPE, rawResponse, send, setHeader, type NestResponse } from './reply.js';

/** Sends a stream as one JSON array, when all of it is there. */
export class ArrayOutlet implements Outlet {
  readonly isFull = false;
  readonly #requestId: string;
  readonly #response: NestResponse;
  readonly #maxBytes: number;
  readonly #items: string[] = [];
  /** With the brackets and a comma for each. */
  #bytes = 2;

  constructor(requestId: string, response: NestResponse, maxBytes: number) {
    this.#requestId = requestId;
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
    const response = this.#response;
    setHeader(response, 'x-request-id', this.#requestId);
    send(response, rawResponse(response).statusCode, JSON_TYPE, `[${this.#items.join(',')}]`);
  }
}
