import type { Readable } from 'node:stream';
import { ServerInterceptingCall, type ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { ServingError } from '../../errors/index.js';
import { tooManyUploads, UploadShare, type UploadBudget } from '../../gate/upload-budget.js';
import { compressionFlaw } from '../../grpc/compression-flag.js';
import { bytesOf } from '../../grpc/exchange.js';

/** Bytes before each message: whether it is compressed, and its length (gRPC over HTTP/2). */
const PREFIX = 5;

/**
 * Holds the budget of uploads to what a stream of messages keeps in memory, each from its first byte until it
 * is taken: grpc-js reads some messages ahead.
 */
export class ArrivingMessages {
  /** Stands between grpc-js and the handler of the stream. */
  readonly call: ServerInterceptingCall;
  /** Called where there is no room for more, or what comes cannot be read: nothing further is received. */
  onRefusal: ((error: ServingError) => void) | undefined;
  readonly #wire: ServerInterceptingCallInterface;
  readonly #share: UploadShare;
  readonly #source: Readable | undefined;
  /** Of the message that is coming in. */
  readonly #prefix = Buffer.alloc(PREFIX);
  #prefixed = 0;
  #missing = 0;
  /** What messages hold that are whole, and that grpc-js has handed on, from the oldest. */
  readonly #whole: number[] = [];
  readonly #untaken: number[] = [];
  #held = 0;
  #isRefused = false;

  constructor(wire: ServerInterceptingCallInterface, uploads: UploadBudget) {
    this.#wire = wire;
    this.#share = new UploadShare(uploads);
    const receive = (chunk: Buffer) => this.#receive(chunk);
    this.#source = bytesOf(wire)?.on('data', receive);
    this.call = new ServerInterceptingCall(wire, {
      start: (next) =>
        next({
          onReceiveMessage: (message: Buffer, pass) => {
            const size = this.#whole.shift() ?? 0;
            // It may have been compressed.
            const inflated = Math.max(size, message.length);
            this.#untaken.push(inflated);
            this.#hold(inflated - size);
            pass(message);
          },
          onCancel: () => {
            this.#source?.off('data', receive);
            this.#share.close();
          },
        }),
    });
  }

  /** The oldest message has been taken. */
  taken(): void {
    this.#held -= this.#untaken.shift() ?? 0;
    this.#share.shrinkTo(this.#held);
  }

  #receive(chunk: Buffer): void {
    this.#hold(chunk.length);
    for (let at = 0; at < chunk.length;) {
      if (this.#prefixed < PREFIX) {
        const copied = chunk.copy(this.#prefix, this.#prefixed, at);
        this.#prefixed += copied;
        at += copied;
        if (this.#prefixed < PREFIX) return;
        const flaw = compressionFlaw(this.#wire, this.#prefix[0]!);
        if (flaw) return this.#refuse(flaw);
        this.#missing = this.#prefix.readUInt32BE(1);
      }
      const came = Math.min(this.#missing, chunk.length - at);
      this.#missing -= came;
      at += came;
      if (this.#missing > 0) return;
      this.#whole.push(PREFIX + this.#prefix.readUInt32BE(1));
      this.#prefixed = 0;
    }
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    if (this.#isRefused || !this.#share.holds(this.#held)) this.#refuse(tooManyUploads());
  }

  #refuse(error: ServingError): void {
    this.#source?.pause();
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.onRefusal?.(error);
  }
}
