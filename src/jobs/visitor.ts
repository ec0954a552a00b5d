import { CancellableTask, TaskContext, type CallLog } from '../execution/index.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Visit } from '../gate/visit.js';
import { requestIdOf } from '../gate/request-id.js';
import {
  isAnswered,
  rawRequest,
  rawResponse,
  setHeader,
  type NestResponse,
} from '../http/reply.js';
import { hostOf, paramsOf, queryOf, requestOf } from '../http/request-url.js';
import type { Caller } from './ownership.js';
import { preferencesOf } from './prefer.js';

/** The parameter of a job's routes; none of an endpoint's own is called so. */
export const JOB_ID = 'modelServingJob';

/** Someone who asks for a job, which is no call of its endpoint. */
export class Visitor extends CancellableTask implements Caller {
  readonly input = undefined;
  readonly context: TaskContext;
  readonly request: object;
  readonly response: NestResponse;
  readonly id: string;
  readonly requestId: string;
  readonly log: CallLog;
  readonly #args: readonly unknown[];
  /** Only calls are traced. */
  override trace: undefined = undefined;
  failure: unknown = undefined;

  constructor(
    readonly endpoint: Endpoint,
    args: readonly unknown[],
  ) {
    super(Infinity);
    const [request, response] = args as [object, NestResponse];
    this.request = request;
    this.response = response;
    this.#args = args;
    const routed = requestOf(response);
    const { [JOB_ID]: id = '', ...params } = paramsOf(routed);
    this.id = id;
    const { headers } = rawRequest(request);
    this.requestId = requestIdOf(headers['x-request-id']);
    this.log = endpoint.logFor({ requestId: this.requestId });
    this.context = new TaskContext(this, {
      requestId: this.requestId,
      headers,
      params,
      query: queryOf(routed),
      log: this.log,
    });
    setHeader(response, 'x-request-id', this.requestId);
    setHeader(response, 'cache-control', 'no-store');
  }

  get visit(): Visit {
    return { args: this.#args, request: this.request };
  }

  get isAnswered(): boolean {
    return isAnswered(this.response);
  }

  get host(): string {
    return hostOf(this.response);
  }

  /** Milliseconds that it would wait for the job; `undefined` where it does not say so. */
  get wait(): number | undefined {
    return preferencesOf(this.context.headers['prefer']).wait;
  }
}

/** A signal that is aborted when the client has gone, or has to be told before the process ends. */
export function untilGone(response: NestResponse, leaving: AbortSignal): AbortSignal {
  const gone = new AbortController();
  const raw = rawResponse(response);
  const end = () => {
    leaving.removeEventListener('abort', end);
    gone.abort();
  };
  raw.once('close', end);
  leaving.addEventListener('abort', end);
  if (raw.destroyed || leaving.aborted) end();
  return gone.signal;
}
