import {
  ServerInterceptingCall,
  type Metadata,
  type sendUnaryData,
  type ServerInterceptingCallInterface,
  type ServerUnaryCall,
  type ServerWritableStream,
  type StatusObject,
} from '@grpc/grpc-js';
import type { Readable } from 'node:stream';
import { ServingError } from '../errors/index.js';
import { delayUntil, deadlineExceeded } from '../execution/index.js';
import { tooManyUploads, type UploadShare } from '../gate/upload-budget.js';
import { compressionFlaw } from './compression-flag.js';
import { isUnsendable, refusalOf, unexpectedRequest, withEncodings } from './refusal.js';

/** A status on its way to the client. */
export type Status = Partial<StatusObject> & Pick<StatusObject, 'code' | 'details'>;

/** What grpc-js hands to the handler of a method. */
export type Handle =
  | {
      readonly stream: ServerUnaryCall<Buffer, Buffer>;
      readonly respond: sendUnaryData<Buffer>;
    }
  | { readonly stream: ServerWritableStream<Buffer, Buffer>; readonly respond?: undefined };

/** Who waits for what happens to a call, as grpc-js has it. */
type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** Who is to know how an exchange goes on, beside whoever reads it. */
export interface Watcher {
  /** Called once with what grpc-js refuses the call for, when it is not being read any more. */
  onRefusal(error: ServingError): void;
  /** Called once when there is no more to be said. */
  onEnd(isDelivered: boolean): void;
}

type Received = (error: unknown, message?: Buffer) => void;

const NOTHING = Buffer.alloc(0);
const OK = 0;

/**
 * One exchange with a client: a message comes in, messages and a status go out. It stands between grpc-js
 * and the handler of a method, which it has called as soon as the head is there: the message is read here.
 *
 * All that grpc-js says of its own accord (that a message is too large, that the deadline has passed) comes
 * by here as well, so that a client is told of it in the words, and the log and metrics learn of it by the
 * ways, of any other failure.
 *
 * It is its own listener, and hands on what is sent as it is: each object less is felt in a call's cost.
 */
export class Exchange extends ServerInterceptingCall implements Listener {
  readonly #wire: ServerInterceptingCallInterface;
  readonly #arrive: () => void;
  /** The handler's side of grpc-js. */
  #handler!: Listener;
  #handle!: Handle;
  #message: Buffer | undefined;
  #reader: Received | undefined;
  #late: NodeJS.Timeout | undefined;
  #share: UploadShare | undefined;
  /** Bytes of the message that have come, as they are on the wire. */
  #received = 0;
  #isAnswered = false;
  /** What grpc-js has refused it for. */
  #refusal: ServingError | undefined;
  #isLost = false;
  /** Whether grpc-js waits for ever for a message to be sent, and holds back what follows. */
  #isStuck = false;
  watcher: Watcher | undefined;

  /**
   * @param limit bytes that a message may have
   * @param arrive called when the head is there, right before the handler is
   */
  constructor(limit: number, wire: ServerInterceptingCallInterface, arrive: () => void) {
    super(wire);
    this.#wire = wire;
    this.#arrive = arrive;
    const send = wire.sendStatus;
    // V8 makes a function that is written right where it is assigned to a property among the old objects,
    // from where it would keep all of the call until the next full collection of garbage.
    const sendStatus: typeof send = (status) => {
      if (isUnsendable(status)) {
        this.#isStuck = true;
        this.#isAnswered = false;
      }
      if (!this.#isAnswered) {
        return this.#refuse(refusalOf(status, limit));
      }
      // It could not write what it was given.
      if (status.code !== OK && !status.metadata) this.#isLost = true;
      send.call(wire, withEncodings(status));
    };
    wire.sendStatus = sendStatus;
  }

  /** Called by grpc-js when a call comes in. */
  override start(handler: Listener): void {
    this.#handler = handler;
    this.#wire.start(this);
  }

  onReceiveMetadata(metadata: Metadata): void {
    const handler = this.#handler;
    this.#arrive();
    handler.onReceiveMetadata(metadata);
    handler.onReceiveMessage(NOTHING);
    handler.onReceiveHalfClose();
  }

  onReceiveMessage(message: Buffer): void {
    if (this.#message !== undefined)
      return this.#finish(unexpectedRequest('one message, got more'));
    this.#message = message;
    // It may have been compressed.
    this.#hold(message.length);
    this.#wire.startRead();
  }

  onReceiveHalfClose(): void {
    if (this.#message === undefined) this.#finish(unexpectedRequest('a message, got none'));
    else this.#finish(undefined);
  }

  /** All has been sent, or the client has gone. */
  onCancel(): void {
    const isDelivered = this.#isAnswered && !this.#isLost;
    if (this.#reader !== undefined) {
      this.#finish(new ServingError('Cancelled', 'The client went away'));
    }
    const { watcher } = this;
    this.watcher = undefined;
    watcher?.onEnd(isDelivered);
    this.#handler.onCancel();
  }

  // What is sent goes straight to the wire: nobody else stands between.

  override sendMetadata(head: Metadata): void {
    this.#wire.sendMetadata(head);
  }

  override sendMessage(message: Buffer, done: () => void): void {
    this.#wire.sendMessage(message, done);
  }

  override sendStatus(status: Parameters<ServerInterceptingCallInterface['sendStatus']>[0]): void {
    this.#wire.sendStatus(status);
  }

  /** The handler has had all that it is to have from grpc-js. */
  override startRead(): void {}

  /** Whether the client has been told how the call ends. */
  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  get stream(): Handle['stream'] {
    return this.#handle.stream;
  }

  get metadata(): Metadata {
    return this.#handle.stream.metadata;
  }

  /** Milliseconds that the client has left; `Infinity` where it has set no deadline. */
  get timeLeft(): number {
    return Number(this.#wire.getDeadline()) - Date.now();
  }

  /** Gives it what speaks for the client. */
  begin(handle: Handle): void {
    this.#handle = handle;
  }

  /**
   * Reads the one message of the request.
   *
   * @param deadline when it must be there, on the clock of `performance.now()`
   * @param share what it may hold meanwhile
   * @param done called once
   */
  read(deadline: number, share: UploadShare, done: Received): void {
    if (this.#refusal !== undefined) return done(this.#refusal);
    this.#reader = done;
    this.#share = share;
    bytesOf(this.#wire)?.on('data', (chunk: Buffer) => {
      const flaw = this.#received === 0 && compressionFlaw(this.#wire, chunk[0]!);
      if (flaw) this.#finish(flaw);
      this.#received += chunk.length;
      this.#hold(this.#received);
    });
    this.#late = setTimeout(
      () => this.#finish(deadlineExceeded()),
      delayUntil(deadline, performance.now()),
    );
    this.#wire.startRead();
  }

  /** Answers a call of a single answer. */
  respond(head: Metadata, message: Buffer): void {
    this.#isAnswered = true;
    this.stream.sendMetadata(head);
    this.#handle.respond!(null, message);
  }

  /** Ends the call with a failure. */
  fail(status: Status): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    const { stream, respond } = this.#handle;
    if (this.#isStuck) this.#wire.sendStatus(status);
    else if (respond !== undefined) respond(status);
    else stream.emit('error', status);
  }

  /** Ends a call of many answers. */
  close(): void {
    this.#isAnswered = true;
    (this.stream as ServerWritableStream<Buffer, Buffer>).end();
  }

  #refuse(error: ServingError): void {
    if (this.#refusal !== undefined) return;
    this.#refusal = error;
    if (this.#reader !== undefined) this.#finish(error);
    else this.watcher?.onRefusal(error);
  }

  #hold(bytes: number): void {
    if (this.#reader !== undefined && !this.#share!.holds(bytes)) this.#finish(tooManyUploads());
  }

  #finish(error: ServingError | undefined): void {
    clearTimeout(this.#late);
    this.#share?.close();
    const reader = this.#reader;
    this.#reader = undefined;
    const message = this.#message;
    this.#message = undefined;
    if (error !== undefined) reader?.(error);
    else reader?.(undefined, message);
  }
}

/**
 * The stream of HTTP/2 that a message comes by: grpc-js tells of a message when it is whole, and has no public
 * way to learn how much of one it holds.
 */
export function bytesOf(wire: ServerInterceptingCallInterface): Readable | undefined {
  return (wire as { readonly stream?: Readable }).stream;
}
