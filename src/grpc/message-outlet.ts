import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Answer } from '../endpoint/answer.js';
import type { Outlet } from '../endpoint/outlet.js';
import type { Exchange } from './exchange.js';
import type { GrpcCall } from './grpc-call.js';
import { headOf } from './trailers.js';

/** Bytes that may wait for a client to read them. */
const ENOUGH = 16 * 1024;

/** Sends the items of a stream as messages. It is full while the client leaves enough of them unread. */
export class MessageOutlet implements Outlet {
  readonly #call: GrpcCall;
  readonly #exchange: Exchange;
  #unsent = 0;
  #hasBegun = false;
  #listener: (() => void) | undefined;

  constructor(call: GrpcCall) {
    this.#call = call;
    this.#exchange = call.exchange;
  }

  get isFull(): boolean {
    return this.#unsent >= ENOUGH;
  }

  onceReady(listener: () => void): void {
    this.#listener = listener;
  }

  write(item: Answer): void {
    const message = item.bytes(this.#call.endpoint.schema!.response!);
    this.#begin();
    this.#unsent += message.length;
    this.#stream.write(message, () => {
      this.#unsent -= message.length;
      if (this.isFull) return;
      const listener = this.#listener;
      this.#listener = undefined;
      listener?.();
    });
  }

  end(): void {
    this.#begin();
    this.#exchange.close();
  }

  get #stream(): ServerWritableStream<Buffer, Buffer> {
    return this.#exchange.stream as ServerWritableStream<Buffer, Buffer>;
  }

  /** The head goes out with the first item, so that a failure before it is all that is said. */
  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    this.#stream.sendMetadata(headOf(this.#call));
  }
}
