/** A request as guards, pipes and interceptors see it, without a socket. */
export interface PlainRequest {
  readonly method: 'POST';
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
  body: unknown;
}

/**
 * The response to it: takes headers from whoever sets some, as guards and interceptors do, and the answer
 * of a filter that sends one itself, in Express's words or in Fastify's.
 */
export class PlainResponse {
  statusCode = 200;
  headersSent = false;
  body: unknown = undefined;
  readonly #headers = new Map<string, unknown>();

  /** Those that have been set, by their names in lower case. */
  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.#headers].map(([name, value]) => [name, String(value)]));
  }

  status(status: number): this {
    this.statusCode = status;
    return this;
  }

  code(status: number): this {
    return this.status(status);
  }

  setHeader(name: string, value: unknown): this {
    this.#headers.set(name.toLowerCase(), value);
    return this;
  }

  set(name: string, value: unknown): this {
    return this.setHeader(name, value);
  }

  header(name: string, value: unknown): this {
    return this.setHeader(name, value);
  }

  getHeader(name: string): unknown {
    return this.#headers.get(name.toLowerCase());
  }

  send(body?: unknown): this {
    this.body = body;
    this.headersSent = true;
    return this;
  }

  json(body: unknown): this {
    return this.send(body);
  }

  end(body?: unknown): this {
    return this.send(body);
  }
}
