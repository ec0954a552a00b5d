import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A connection of HTTP/1.1 that sends bytes as they are, one request after the other. */
export class RawHttp {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #wake: () => void = () => {};

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.#socket = connect(Number(port), hostname);
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    this.#socket.on('close', () => this.#wake());
    onTestFinished(() => void this.#socket.destroy());
  }

  /** @param lines the request line and the headers, as they stand on the wire */
  async send(lines: readonly string[], body: Uint8Array = Buffer.alloc(0)): Promise<RawAnswer> {
    this.#socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
    const end = await this.#until(() => this.#received.indexOf('\r\n\r\n'));
    const [first, ...rest] = this.#received.toString('latin1', 0, end).split('\r\n');
    const headers = Object.fromEntries(
      rest.map((line) => [line.split(': ')[0]!.toLowerCase(), line.slice(line.indexOf(': ') + 2)]),
    );
    const start = end + 4;
    const length = Number(headers['content-length']);
    await this.#until(() => (this.#received.length >= start + length ? 0 : -1));
    const answer = this.#received.subarray(start, start + length);
    this.#received = this.#received.subarray(start + length);
    return { status: Number(first!.split(' ')[1]), headers, body: answer };
  }

  async #until(found: () => number): Promise<number> {
    for (;;) {
      const at = found();
      if (at >= 0) return at;
      if (this.#socket.destroyed) throw new Error('The connection was closed');
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
