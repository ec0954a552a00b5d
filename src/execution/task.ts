import type { ServingError } from '../errors/index.js';
import type { Sink } from './sink.js';
import type { TaskTrace } from './task-trace.js';

/**
 * A log that belongs to one call: every line carries its request id and, where Nest's logger writes
 * JSON, both that and the endpoint as fields. What a message holds of control characters is escaped,
 * and a long one is cut.
 */
export interface CallLog {
  error(message: string, cause?: unknown): void;
  warn(message: string): void;
  log(message: string): void;
  debug(message: string): void;
}

/** What a handler knows of the call it serves, besides its input. */
export interface PredictContext {
  /**
   * Aborted when the client has gone or the deadline has passed, and when a stream ends before its time for
   * another reason. Made when first read.
   */
  readonly signal: AbortSignal;
  /** The client's `X-Request-Id`, or one made for it. */
  readonly requestId: string;
  /** When the answer must be ready, in milliseconds since the epoch. */
  readonly deadline: number;
  /**
   * The request's headers (or the metadata of another transport), names in lower case. By a name in `-bin`
   * gRPC brings a Buffer, or an array of them where it stands several times, and HTTP a string like any
   * other: the type of those is open.
   */
  readonly headers: Readonly<Record<string, string | string[] | undefined>> &
    Readonly<Record<`${string}-bin`, any>>;
  /** The parameters of the route, decoded; a wildcard's with its slashes. `{}` on other doors than HTTP. */
  readonly params: Readonly<Record<string, string>>;
  /**
   * The URL's query as `node:querystring` reads it: an array where a name stands more than once, no
   * prototype. `{}` on other doors than HTTP.
   */
  readonly query: Readonly<Record<string, string | string[] | undefined>>;
  /** Of this call: its lines can be told from those of others. */
  readonly log: CallLog;
  /**
   * Says how much of the work is done, from 0 to 1: a job shows it in its status. Nothing hears of it where
   * the call is no job.
   *
   * @example
   * ```ts
   * for (const [i, page] of pages.entries()) {
   *   context.progress(i / pages.length);
   *   summaries.push(await this.summarise(page, context.signal));
   * }
   * ```
   */
  progress(fraction: number): void;
  /**
   * Calls `fn` in the async context that the request came in, where `AsyncLocalStorage` gives what was
   * set for it. A handler runs there by itself; a batch runs in none of its requests' contexts, and
   * enters one by this.
   *
   * @example
   * ```ts
   * predict(inputs: Text[], contexts: PredictContext[]) {
   *   return inputs.map((input, i) => contexts[i].run(() => this.classify(input)));
   * }
   * ```
   */
  run<T>(fn: () => T): T;
}

/**
 * One piece of work for an executor: a validated input, its context, and the way to learn that
 * nobody waits for it any more. It says nothing of the transport it came by.
 */
export interface Task {
  readonly input: unknown;
  readonly context: PredictContext;
  /** When the answer must be ready, on the clock of `performance.now()`. */
  readonly deadline: number;
  /** Whether somebody else gives it up at its deadline. */
  readonly isTimedElsewhere?: boolean;
  /** Where the items of a handler that streams go. */
  readonly sink?: Sink | undefined;
  /** What traces it, where anything does. */
  readonly trace?: TaskTrace | undefined;
  /** Why the task was given up (its client left, the process is stopping), once it was. */
  readonly cancellation: ServingError | undefined;
  /** Makes the async context it is called in the task's own. */
  adoptContext(): void;
  /** Calls `fn` in the task's own async context. */
  inContext<Args extends unknown[], T>(
    fn: (...args: Args) => T,
    receiver?: object,
    ...args: Args
  ): T;
  /** Calls `listener` once if the task is given up later; at most one listener, `undefined` removes it. */
  onCancel(listener: ((reason: ServingError) => void) | undefined): void;
  /** Gives the task up, for a reason that its client is told. */
  cancel(reason: ServingError): void;
  /** Aborts `context.signal`, if anyone has read it. Used by the executor at the deadline. */
  abort(reason: ServingError): void;
}
