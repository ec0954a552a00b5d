import { cutAnswer, toldFailure, unreadable, type FailureBody } from './failure.js';
import type { ServingClientError } from './serving-client-error.js';

/** A server-sent event. */
export interface ServerEvent {
  /** `'message'` where the server names none. */
  readonly type: string;
  readonly data: string;
}

/** Milliseconds that the end of an answer may take after the event that says it. */
const LONGEST_END = 5_000;

/** Reads server-sent events, as HTML has them, out of an answer: no more of it than is asked for. */
export class EventReader {
  readonly #response: Response;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come. */
  #rest = '';
  /** Whether a line feed that comes next is the second half of a line's end. */
  #returned = false;
  #type = '';
  #data: string[] = [];
  /** Events that came together, the next one last. */
  #events: ServerEvent[] = [];

  constructor(response: Response, body: ReadableStream<Uint8Array>, signal: AbortSignal) {
    this.#response = response;
    this.#reader = body.getReader();
    // Also where a `fetch` of the caller's knows nothing of the signal.
    signal.addEventListener('abort', () => this.cancel(), { once: true });
  }

  /** @throws {ServingClientError} where the answer ends before another event */
  async next(): Promise<ServerEvent> {
    while (this.#events.length === 0) {
      const { value, done } = await this.#reader.read().catch((error: unknown) => {
        throw cutAnswer(this.#response, error);
      });
      if (done) throw cutAnswer(this.#response);
      this.#take(this.#decoder.decode(value, { stream: true }));
      this.#events.reverse();
    }
    return this.#events.pop()!;
  }

  /** @throws {ServingClientError} for what is no JSON */
  itemOf({ data }: ServerEvent): unknown {
    try {
      return JSON.parse(data);
    } catch (error) {
      throw unreadable(this.#response, 'an event of JSON', error);
    }
  }

  /** What an event that ends a stream before its time tells. */
  failureOf(event: ServerEvent): ServingClientError {
    return toldFailure((this.itemOf(event) ?? {}) as FailureBody, this.#response);
  }

  /** Leaves the connection to another request, as soon as the answer has ended behind its last event. */
  finish(): void {
    const timer = setTimeout(() => this.cancel(), LONGEST_END);
    const ended = this.#reader.read().catch(() => {});
    void ended.then(() => {
      clearTimeout(timer);
      this.cancel();
    });
  }

  /** Lets the connection go. */
  cancel(): void {
    this.#reader.cancel().catch(() => {});
  }

  #take(piece: string): void {
    // Part of a character is no text yet.
    if (piece === '') return;
    const text = this.#returned && piece.startsWith('\n') ? piece.slice(1) : piece;
    this.#returned = piece.endsWith('\r');
    this.#rest += text;
    // A long line comes in many pieces, and is looked at when it is whole.
    if (!/[\r\n]/.test(text)) return;
    const lines = this.#rest.split(/\r\n|\n|\r/);
    this.#rest = lines.pop()!;
    for (const line of lines) this.#takeLine(line);
  }

  #takeLine(line: string): void {
    if (line === '') return this.#dispatch();
    const [, field, value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line)!;
    if (field === 'data') this.#data.push(value);
    if (field === 'event') this.#type = value;
  }

  #dispatch(): void {
    if (this.#data.length > 0) {
      this.#events.push({ type: this.#type || 'message', data: this.#data.join('\n') });
    }
    this.#type = '';
    this.#data = [];
  }
}
