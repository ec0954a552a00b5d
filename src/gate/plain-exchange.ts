import { validateHeaderName, validateHeaderValue } from 'node:http';

/** A request as guards, pipes and interceptors see it, without a socket. */
export interface PlainRequest {
  readonly method: 'POST';
  readonly url: string;
  /** The same: Nest's adapter for Express asks for it. */
  readonly originalUrl: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
  body: unknown;
}

/** The short names of types that Express knows, of those that apps answer in. */
const TYPES: Readonly<Record<string, string>> = {
  bin: 'application/octet-stream',
  html: 'text/html',
  json: 'application/json',
  text: 'text/plain',
  txt: 'text/plain',
  xml: 'application/xml',
};

type HeaderValue = string | string[];

/**
 * The response to it: takes headers from whoever sets some, as guards and interceptors do, and the answer
 * of a filter that sends one itself, in Express's words or in Fastify's.
 */
export class PlainResponse {
  statusCode = 200;
  headersSent = false;
  body: unknown = undefined;
  /** Whether a text is to be sent as the JSON that it is as a value. */
  isJson = false;
  readonly #headers = new Map<string, HeaderValue>();

  /** Fastify's word for it. */
  get sent(): boolean {
    return this.headersSent;
  }

  /** Whom Nest's adapter for Fastify asks whether headers are sent, before its own filter answers. */
  get raw(): this {
    return this;
  }

  status(status: number): this {
    this.statusCode = status;
    return this;
  }

  code(status: number): this {
    return this.status(status);
  }

  /** @throws {TypeError} for what Node would not send either */
  setHeader(name: string, value: unknown): this {
    const said = Array.isArray(value) ? value.map(String) : String(value);
    validateHeaderName(name);
    for (const one of [said].flat()) validateHeaderValue(name, one);
    this.#headers.set(name.toLowerCase(), said);
    return this;
  }

  set(name: string | object, value?: unknown): this {
    return typeof name === 'string' ? this.setHeader(name, value) : this.headers(name);
  }

  header(name: string | object, value?: unknown): this {
    return this.set(name, value);
  }

  headers(values: object): this {
    for (const [name, value] of Object.entries(values)) this.setHeader(name, value);
    return this;
  }

  append(name: string, value: unknown): this {
    const values = [this.getHeader(name) ?? [], value].flat();
    return this.setHeader(name, values.length === 1 ? values[0] : values);
  }

  appendHeader(name: string, value: unknown): this {
    return this.append(name, value);
  }

  getHeader(name: string): HeaderValue | undefined {
    return this.#headers.get(name.toLowerCase());
  }

  get(name: string): HeaderValue | undefined {
    return this.getHeader(name);
  }

  /** Those that have been set, by their names in lower case. */
  getHeaders(): Readonly<Record<string, HeaderValue>> {
    return Object.fromEntries(this.#headers);
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase());
  }

  removeHeader(name: string): this {
    this.#headers.delete(name.toLowerCase());
    return this;
  }

  type(name: string): this {
    const type = name.includes('/') ? name : (TYPES[name] ?? TYPES['bin']!);
    const isBareText = /^(?:text\/[^;]+|application\/json)$/i.test(type);
    return this.setHeader('content-type', isBareText ? `${type}; charset=utf-8` : type);
  }

  contentType(name: string): this {
    return this.type(name);
  }

  send(body?: unknown): this {
    this.body = body;
    this.headersSent = true;
    return this;
  }

  json(body: unknown): this {
    this.isJson = true;
    return this.send(body);
  }

  end(body?: unknown): this {
    return this.send(body);
  }
}
