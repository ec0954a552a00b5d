import {
  CancellableTask,
  TaskContext,
  type CallLog,
  type PredictContext,
} from '../execution/index.js';
import type { JsonText } from '../json/index.js';
import type { CacheResult } from '../metrics/index.js';
import type { Endpoint } from './endpoint.js';

const NOTHING = Object.freeze({});

/** One call of an endpoint, from its arrival to its outcome. It knows nothing of its transport. */
export class Call extends CancellableTask {
  endpoint: Endpoint;
  readonly requestId: string;
  readonly headers: PredictContext['headers'];
  /** On the clock of `performance.now()`. */
  readonly arrivedAt: number;
  readonly context: PredictContext;
  /** The route's parameters, decoded. */
  params: Readonly<Record<string, unknown>> = NOTHING;
  query: Readonly<Record<string, unknown>> = NOTHING;
  /** What the client sent, and after validation its canonical form. */
  input: unknown = undefined;
  /** Whether no string of the input can hold an unpaired surrogate, which spares the search for one. */
  wellFormed = false;
  /** What the input was parsed from, until it has been validated. */
  text: JsonText | undefined = undefined;
  /** What an executor runs for this call: itself, or the flight it shares with identical calls. */
  task: CancellableTask = this;
  /** The instance whose handler is called. */
  receiver: object | undefined = undefined;
  /** Brings the call to its handler where Nest has something to do in between. */
  chain: (() => Promise<unknown>) | undefined = undefined;
  /** How the cache served it; `error` where a store's failure had a part in a miss. */
  cacheResult: CacheResult | undefined = undefined;
  /** Whole seconds since a cached answer was made. */
  age = 0;

  /**
   * @param requestId the client's, or one made for it
   * @param headers the request's headers, or the metadata of another transport
   */
  constructor(endpoint: Endpoint, requestId: string, headers: PredictContext['headers']) {
    const now = performance.now();
    super(now + endpoint.options.timeout);
    this.endpoint = endpoint;
    this.requestId = requestId;
    this.headers = headers;
    this.arrivedAt = now;
    this.context = new TaskContext(this, this);
    endpoint.arrived();
  }

  get log(): CallLog {
    return this.endpoint.logFor(this.requestId);
  }

  /**
   * Moves to the endpoint that Nest found to be meant, where several versions answer one route: the
   * body is read before Nest knows.
   */
  moveTo(controller: unknown, method: string): void {
    const from = this.endpoint;
    if (from.is(controller, method)) return;
    const to = from.alternatives.find((other) => other.is(controller, method));
    if (to === undefined) return;
    from.departed();
    to.arrived();
    this.endpoint = to;
  }

  /** Brings the deadline forward to `timeout` milliseconds after the arrival; never puts it off. */
  shortenTo(timeout: number): void {
    this.deadline = Math.min(this.deadline, this.arrivedAt + timeout);
  }

  /** The last step of the call's way. */
  runHandler(): unknown {
    if (this.chain !== undefined) return this.chain();
    return this.endpoint.executor.run(this.task, this.receiver!);
  }
}
