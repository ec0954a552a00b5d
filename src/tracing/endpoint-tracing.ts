import type { Outcome } from '../errors/index.js';
import type { BatchTracer, TaskTrace } from '../execution/index.js';

/** A place in a trace, by the names that lines of logs and exemplars have for it. */
export type TraceIds = Readonly<Record<'trace_id' | 'span_id', string>>;

/** How a call ended, as its client was told. */
export interface CallEnd {
  readonly outcome: Outcome;
  /** How the cache served it, where it came so far. */
  readonly cache: string | undefined;
  /** Of a call that failed. */
  readonly failure?: {
    /** A name of `google.rpc.Code`. */
    readonly code: string;
    /** As the log has it. */
    readonly reason: string;
    /** Whether it is the server's fault. */
    readonly isFault: boolean;
    /** What was thrown, where the client is told nothing of it. */
    readonly cause?: unknown;
  };
}

/** The trace of one call, from the beginning of its way. */
export interface CallTrace extends TaskTrace {
  /** Its place, where it is going to be kept. */
  readonly sampled: TraceIds | undefined;
  /** Calls `fn` as a part of the call, whose span is the active one there. */
  run<Args extends unknown[], T>(fn: (...args: Args) => T, ...args: Args): T;
  /** The call has come to the end of its way: what its client does with the answer takes none of its time. */
  answered(): void;
  /** Called once. */
  end(end: CallEnd): void;
}

/** A job whose run is traced. */
export interface TracedJob {
  readonly id: string;
  /** Which of its runs it is, from 1. */
  readonly attempt: number;
}

/** What the trace of a call tells of it. */
export interface TracedCall {
  readonly requestId: string;
  readonly job: TracedJob | undefined;
}

/** Makes traces of the calls of one endpoint. Its methods must not throw. */
export interface EndpointTracing extends BatchTracer {
  /**
   * Begins the trace of a call, below the span that is active.
   *
   * @param at on the clock of `performance.now()`; now, if left out
   */
  begin(call: TracedCall, at?: number): CallTrace;
  /** Names a route to the span of the HTTP request that is served, where nobody has, or has named `instead`. */
  nameRoute(route: string, instead?: string): void;
  /** Where a line about a call belongs: to what is active, if that is a part of the call's trace. */
  idsOf(trace: CallTrace | undefined): TraceIds | undefined;
}

/** What is traced: an endpoint's model and its route. */
export interface TracedModel {
  readonly route: string;
  readonly name: string;
  readonly version: string | undefined;
}

/** Makes traces of an app's calls. */
export interface Tracing {
  forEndpoint(model: TracedModel): EndpointTracing;
}
