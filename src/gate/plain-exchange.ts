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
  get headers(): Readonly<Record<string, string | string[]>> {
    return Object.fromEntries(
      [...this.#headers].map(([name, value]) => [
        name,
        Array.isArray(value) ? value.map(String) : String(value),
      ]),
    );
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

  /** One header, or several as members of an object. */
  set(name: string | object, value?: unknown): this {
    if (typeof name === 'string') return this.setHeader(name, value);
    for (const [each, one] of Object.entries(name)) this.setHeader(each, one);
    return this;
  }

  header(name: string | object, value?: unknown): this {
    return this.set(name, value);
  }

  append(name: string, value: unknown): this {
    const before = this.getHeader(name);
    return this.setHeader(name, before === undefined ? value : [before, value].flat());
  }

  removeHeader(name: string): this {
    this.#headers.delete(name.toLowerCase());
    return this;
  }

  type(type: string): this {
    return this.setHeader('content-type', type);
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
