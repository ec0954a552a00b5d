import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { onTestFinished } from 'vitest';

/** A stream as a client reads it, over a connection of its own. */
export class StreamClient {
  #text = '';
  #ended = false;
  #error: Error | undefined;
  #changed: () => void = () => {};

  private constructor(
    readonly sent: ClientRequest,
    readonly response: IncomingMessage,
  ) {
    response.setEncoding('utf8');
    response.on('error', (error) => {
      this.#error = error;
      this.#changed();
    });
    response.on('end', () => {
      this.#ended = true;
      this.#changed();
    });
  }

  /** Sends a request and waits for the head of its answer. Nothing is read until it is asked for. */
  static async open(
    url: string,
    input: unknown,
    headers: Record<string, string> = {},
  ): Promise<StreamClient> {
    const sent = request(url, { method: 'POST', agent: false, headers });
    onTestFinished(() => void sent.destroy());
    sent.end(JSON.stringify(input));
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    return new StreamClient(sent, response);
  }

  get status(): number {
    return this.response.statusCode!;
  }

  get text(): string {
    return this.#text;
  }

  get events(): EventSourceMessage[] {
    return eventsOf(this.#text);
  }

  /** Reads until the text holds something. */
  async until(holds: (client: this) => boolean): Promise<void> {
    this.#read();
    while (!holds(this)) {
      if (this.#error) throw this.#error;
      if (this.#ended) throw new Error(`The stream ended with ${JSON.stringify(this.#text)}`);
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
  }

  /** Reads to the end; rejects where the connection is cut. */
  async end(): Promise<string> {
    this.#read();
    while (!this.#ended) {
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => (this.#changed = resolve));
    }
    return this.#text;
  }

  leave(): void {
    this.sent.destroy();
  }

  #read(): void {
    if (this.response.listenerCount('data') > 0) return;
    this.response.on('data', (chunk: string) => {
      this.#text += chunk;
      this.#changed();
    });
  }
}

/** A text of server-sent events, as a client's own parser reads it. */
export function eventsOf(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => void events.push(event) });
  parser.feed(text);
  return events;
}
