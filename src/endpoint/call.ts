import type { AsyncResource } from 'node:async_hooks';
import {
  CancellableTask,
  TaskContext,
  type CallLog,
  type PredictContext,
} from '../execution/index.js';
import type { JsonText } from '../json/index.js';
import type { CacheResult } from '../metrics/index.js';
import type { CallTrace, TracedCall, TracedJob } from '../tracing/index.js';
import type { Answer } from './answer.js';
import type { Endpoint } from './endpoint.js';
import type { Outlet } from './outlet.js';

/**
 * The inputs of a call that has several. The gate is passed once, for all of them; each is validated, looked
 * up in the cache and run by itself, and one that fails is the failure of all. Their answers go to the
 * outlet of the call, in the order of the inputs.
 */
export interface Parts {
  /**
   * Looks at what the call has brought, now that the guards have had their say.
   *
   * @returns how many inputs there are
   * @throws {ServingError} where it holds none that can be served
   */
  begin(): number;
  /** Gives the call of one of them its input. */
  read(part: Call, index: number): void;
  /** Takes one of them to its handler past the pipes of the app, where there are any. */
  handle?: ((part: Call) => unknown) | undefined;
  /** Which of them all have failed for, once one has. */
  failed?: { readonly index: number; readonly error: unknown };
}

const NONE = Object.freeze(Object.create(null) as Record<string, never>);

/** One call of an endpoint, from its arrival to its outcome. It knows nothing of its transport. */
export class Call extends CancellableTask implements TracedCall {
  endpoint: Endpoint;
  readonly requestId: string;
  readonly headers: PredictContext['headers'];
  /** On the clock of `performance.now()`. */
  readonly arrivedAt: number;
  readonly context: PredictContext;
  /** What the client sent, and after validation its canonical form. */
  input: unknown = undefined;
  /** What the input was parsed from, until it has been validated. */
  text: JsonText | undefined = undefined;
  /** The bytes the input was read from where they were no JSON, until it has been validated. */
  body: Buffer | undefined = undefined;
  /** What is wrong with the input, where its door has found that already: guards have their say first. */
  flaw: Error | undefined = undefined;
  /** What an executor runs for this call: itself, or the flight it shares with identical calls. */
  task: CancellableTask = this;
  /** The instance whose handler is called. */
  receiver: object | undefined = undefined;
  /** Where its answers go, where it is a stream of them; its door gives it one. */
  outlet: Outlet | undefined = undefined;
  /** What it consists of, where its door brings several inputs in one request. */
  parts: Parts | undefined = undefined;
  /** Whether its door wants the value of its answer, and perhaps never its text. */
  takesValue = false;
  /** Whether it has been taken on its way: what calls its handler then is the last step of that. */
  underway = false;
  /** Its trace, from the beginning of its way, where its endpoint has calls traced. */
  override trace: CallTrace | undefined = undefined;
  /** How the cache served it; `error` where a store's failure had a part in a miss. */
  cacheResult: CacheResult | undefined = undefined;
  /** The error its client was told of, or spared; `undefined` where there is none, or not yet. */
  failure: unknown = undefined;
  /** Whole seconds since a cached answer was made. */
  age = 0;

  /**
   * @param requestId the client's, or one made for it
   * @param headers the request's headers, or the metadata of another transport
   */
  constructor(
    endpoint: Endpoint,
    requestId: string,
    headers: PredictContext['headers'],
    scope?: AsyncResource,
  ) {
    const now = performance.now();
    super(now + endpoint.options.timeout, scope);
    this.endpoint = endpoint;
    this.requestId = requestId;
    this.headers = headers;
    this.arrivedAt = now;
    this.context = new TaskContext(this, this);
    endpoint.arrived();
  }

  /** Of the route and the URL, where the transport has such. */
  get params(): PredictContext['params'] {
    return NONE;
  }

  get query(): PredictContext['query'] {
    return NONE;
  }

  get log(): CallLog {
    return this.endpoint.logFor(this);
  }

  /** Goes over to another endpoint, under its deadline. */
  moveTo(endpoint: Endpoint): void {
    if (endpoint === this.endpoint) return;
    this.endpoint.departed();
    endpoint.arrived();
    this.endpoint = endpoint;
    this.deadline = this.arrivedAt + endpoint.options.timeout;
  }

  /** Brings the deadline forward to `timeout` milliseconds after the arrival; never puts it off. */
  shortenTo(timeout: number): void {
    this.deadline = Math.min(this.deadline, this.arrivedAt + timeout);
  }

  /** Runs its handler, the last step of its way. */
  run(receiver: object): unknown {
    return this.endpoint.executor.run(this.task, receiver);
  }

  /** Told when it waits for what another call has under way, in the place of running its handler now. */
  standAside(): void {}

  /** The job that it is a run of, where it is one. */
  get job(): TracedJob | undefined {
    return undefined;
  }

  /** Whether its door brings an answer back as a binary message: its text may never be asked for. */
  get isBinary(): boolean {
    return false;
  }

  /** Whether its client has been sent an answer by somebody else, such as a filter of the app. */
  get isAnswered(): boolean {
    return false;
  }

  /** What those of the app who wrap the handler see of its answer: its value, where any of them looks. */
  present(answer: Answer): unknown {
    return this.endpoint.bound.interceptors ? answer.value : answer;
  }
}
