import type { Call } from '../endpoint/call.js';

/** What Nest shows of a call to what the app binds. */
export interface Visit {
  /**
   * The arguments of an `ExecutionContext`: request, response and next of `http`, data and context of
   * `rpc`. One of them holds the call.
   */
  readonly args: readonly unknown[];
  /** What a request-scoped provider gets as `REQUEST`. */
  readonly request: object;
}

export type ContextType = 'http' | 'rpc';

/** Who is told of what guards and filters do: a call, or who asks for something else of an endpoint. */
export type Asker = Pick<Call, 'log' | 'isAnswered'>;
