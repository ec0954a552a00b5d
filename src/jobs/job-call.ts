import { Call } from '../endpoint/call.js';
import type { Answer } from '../endpoint/answer.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Outlet } from '../endpoint/outlet.js';
import { ServingError } from '../errors/index.js';
import type { PredictContext } from '../execution/index.js';
import { holdCall } from '../gate/held-call.js';
import { PlainResponse, type PlainRequest } from '../gate/plain-exchange.js';
import { acceptedBinary } from '../http/accept.js';
import type { TracedJob } from '../tracing/index.js';
import type { JobRun } from './job-store.js';

/** One run of a job, as a call of its endpoint. */
export class JobCall extends Call {
  /** What interceptors and pipes of the app see in the place of the request that made the job. */
  readonly request: PlainRequest;
  readonly response: PlainResponse;
  readonly textType: string;
  readonly #run: JobRun;

  /** @param answers the status of an answer of the endpoint, and the type of a text that the app sends */
  constructor(
    endpoint: Endpoint,
    run: JobRun,
    { status, textType }: { readonly status: number; readonly textType: string },
  ) {
    const { requestId, url, headers, params, query } = run.request;
    super(endpoint, requestId, headers);
    this.#run = run;
    const target = { url, originalUrl: url };
    this.request = { method: 'POST', ...target, headers, params, query, body: undefined };
    this.response = new PlainResponse();
    this.response.statusCode = status;
    this.textType = textType;
    this.shortenTo(run.timeLeft);
    holdCall(this.request, this);
    if (endpoint.options.stream) this.outlet = new ItemList(endpoint.options.jobs!.maxResult);
  }

  override get params(): PredictContext['params'] {
    return this.request.params;
  }

  override get query(): PredictContext['query'] {
    return this.request.query;
  }

  /** The `Content-Type` of its answer, where that is a binary message. */
  get binaryType(): string | undefined {
    const { schema, options } = this.endpoint;
    if (schema?.response === undefined || options.stream) return undefined;
    return acceptedBinary(this.headers['accept'] as string | undefined);
  }

  override get job(): TracedJob {
    return this.#run;
  }

  override get isBinary(): boolean {
    return this.binaryType !== undefined;
  }

  override get isAnswered(): boolean {
    return this.response.headersSent;
  }

  progress(fraction: number): void {
    if (fraction >= 0) this.#run.progress(Math.min(fraction, 1));
  }
}

/** The items of a stream: of a job, the answer is all of them. */
export class ItemList implements Outlet {
  readonly isFull = false;
  readonly #maxBytes: number;
  readonly #items: string[] = [];
  /** With the brackets and a comma for each. */
  #bytes = 2;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get text(): string {
    return `[${this.#items.join(',')}]`;
  }

  write({ text }: Answer): void {
    this.#bytes += Buffer.byteLength(text) + (this.#items.length > 0 ? 1 : 0);
    if (this.#bytes > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#items.push(text);
  }

  onceReady(): void {}

  end(): void {}
}

/** What a job fails with whose result is not to be kept. */
export function tooLarge(maxResult: number): ServingError {
  return new ServingError(
    'PayloadTooLarge',
    `The result is larger than ${maxResult} bytes, which is the most that a job may keep`,
  );
}
