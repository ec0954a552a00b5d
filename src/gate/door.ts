import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';

/**
 * A way in for calls: HTTP is one, a test's own call another. A door does these five things in its own
 * form and decides nothing else; what two doors would both do belongs behind them.
 *
 * @template Arrival what comes in by it, such as a request and its response
 */
export interface Door<Arrival> {
  /** The endpoint that something is for; `undefined` where it is for none. */
  find(arrival: Arrival): Endpoint | undefined;
  /**
   * Makes its call: with the client's id, deadline, metadata, and the means to cancel it. That of an
   * endpoint that streams has an outlet, at the latest when it has been read.
   */
  open(endpoint: Endpoint, arrival: Arrival): Call;
  /**
   * Brings what it carries into a value, the input of the call, and calls `done`: with the value, or
   * with what is wrong.
   */
  read(call: Call, arrival: Arrival, done: Read): void;
  /** Brings an answer back. */
  answer(call: Call, answer: Answer, arrival: Arrival): void;
  /** Brings a failure back, unless the client has been answered or has gone. */
  fail(call: Call, error: unknown, arrival: Arrival): void;
}

export type Read = (error: unknown, input?: object) => void;
