import type { ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import type { Answer } from '../endpoint/answer.js';
import type { Outlet } from '../endpoint/outlet.js';
import { Backlog } from './backlog.js';
import { compressor, type Encoding } from './content-encoding.js';
import { isGone, openRaw, setHeader, type NestResponse } from './reply.js';
import type { StreamForm } from './stream-form.js';

/** Characters that fill a turn of the event loop. */
const ENOUGH = 16 * 1024;

/** The response, or what compresses for it. */
type Sink = Writable & { flush?(): void };

/**
 * Sends a stream as it comes. The head goes out with the first item, at once; of the others those that are
 * there in one turn of the event loop go out together. It is full from then on where the connection is,
 * and in any case until the next turn, so that a fast handler leaves room for others.
 */
export class StreamOutlet implements Outlet {
  readonly #requestId: string;
  readonly #response: NestResponse;
  readonly #form: StreamForm;
  readonly #commentInterval: number;
  readonly #encoding: Encoding | undefined;
  #raw: ServerResponse | undefined;
  #sink: Sink | undefined;
  readonly #backlog = new Backlog();
  #count = 0;
  #flushing: NodeJS.Immediate | undefined;
  /** Whether the connection takes no more. */
  #blocked = false;
  #listener: (() => void) | undefined;
  #silence: NodeJS.Timeout | undefined;

  /** @param commentInterval milliseconds of silence, 0 for any */
  constructor(
    requestId: string,
    response: NestResponse,
    form: StreamForm,
    commentInterval: number,
    encoding: Encoding | undefined,
  ) {
    this.#requestId = requestId;
    this.#response = response;
    this.#form = form;
    this.#encoding = encoding;
    this.#commentInterval = form.comment === undefined ? 0 : commentInterval;
  }

  /** Whether the head has gone out, and the status with it. */
  get begun(): boolean {
    return this.#raw !== undefined;
  }

  get isFull(): boolean {
    return this.#blocked || this.#backlog.size >= ENOUGH;
  }

  onceReady(listener: () => void): void {
    this.#listener = listener;
  }

  write({ text }: Answer): void {
    this.#backlog.add(this.#form.item(text, this.#count++));
    if (this.#raw === undefined) {
      this.#open();
      this.#flush();
    } else {
      this.#flushSoon();
    }
  }

  end(): void {
    if (this.#raw === undefined) this.#open();
    this.#close(this.#form.end);
  }

  /** Ends what has begun with a failure. */
  fail(text: string): void {
    this.#close(this.#form.failure(text));
  }

  #open(): void {
    const response = this.#response;
    setHeader(response, 'x-request-id', this.#requestId);
    setHeader(response, 'content-type', this.#form.type);
    setHeader(response, 'cache-control', 'no-store, no-transform');
    setHeader(response, 'x-accel-buffering', 'no');
    if (this.#encoding !== undefined) setHeader(response, 'content-encoding', this.#encoding);
    const raw = (this.#raw = openRaw(response));
    const sink = (this.#sink = sinkTo(raw, this.#encoding));
    sink.on('drain', () => {
      this.#blocked = false;
      this.#flush();
    });
    if (this.#commentInterval > 0) {
      this.#silence = setTimeout(() => this.#comment(), this.#commentInterval);
      raw.on('close', () => clearTimeout(this.#silence));
    }
  }

  #flushSoon(): void {
    this.#flushing ??= setImmediate(() => this.#flush());
  }

  #flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    const raw = this.#raw!;
    if (this.#blocked || isGone(raw)) return;
    if (this.#backlog.size > 0) {
      const sink = this.#sink!;
      this.#blocked = !sink.write(this.#backlog.take());
      // What compresses, here or in a middleware, would otherwise wait for more.
      sink.flush?.();
      this.#silence?.refresh();
    }
    if (this.#blocked) return;
    if (this.#backlog.size > 0) this.#flushSoon();
    this.#tellReady();
  }

  #tellReady(): void {
    if (this.isFull) return;
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.();
  }

  #comment(): void {
    if (this.isFull) return;
    this.#backlog.add(this.#form.comment!);
    this.#flush();
  }

  #close(last: string): void {
    clearImmediate(this.#flushing);
    clearTimeout(this.#silence);
    if (isGone(this.#raw!)) return;
    this.#backlog.add(last);
    const sink = this.#sink!;
    while (this.#backlog.size > 0) sink.write(this.#backlog.take());
    sink.end();
  }
}

/** Whether a stream has been begun that only its outlet can end. */
export function hasBegun(outlet: Outlet | undefined): outlet is StreamOutlet {
  return outlet instanceof StreamOutlet && outlet.begun;
}

function sinkTo(raw: ServerResponse, encoding: Encoding | undefined): Sink {
  if (encoding === undefined) return raw;
  const packer = compressor(encoding);
  raw.on('close', () => packer.destroy());
  packer.on('error', () => raw.destroy());
  packer.pipe(raw);
  return packer;
}
