import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { ServingError } from '../errors/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import type { Door } from './door.js';

/** Called with a call whose input is there, or with what is wrong with it. */
export type Received = (error: unknown, call: Call) => void;

/** The first steps of every call, whichever door it comes by: it is opened, admitted and read. */
export class Intake<Arrival> {
  readonly #door: Door<Arrival>;
  readonly #readiness: Readiness;

  constructor(door: Door<Arrival>, readiness: Readiness) {
    this.#door = door;
    this.#readiness = readiness;
  }

  receive(endpoint: Endpoint, arrival: Arrival, done: Received): void {
    const call = this.#door.open(endpoint, arrival);
    try {
      this.admit(call);
    } catch (error) {
      this.turnAway(call, error, done);
      return;
    }
    this.#door.read(call, arrival, function read(error, input) {
      if (error === undefined) call.input = input;
      // What is read ends in the async context of its connection: the call goes on in its own.
      call.inContext(done, undefined, error, call);
    });
  }

  /**
   * Where the queue is full, a call is told before anything of it is looked at, unless the cache or an
   * identical call under way may answer it.
   *
   * @throws {ServingError} for a call that is not to be served, whatever it holds
   */
  admit({ endpoint }: Call): void {
    if (!this.#readiness.accepting) {
      throw new ServingError('Unavailable', 'The server does not take requests now', {
        retryAfter: 1,
      });
    }
    if (endpoint.cache === undefined) endpoint.executor.refuseWhenFull();
  }

  turnAway(call: Call, error: unknown, done: Received): void {
    if (process.env['B_OFF'] || !(error instanceof ServingError && error.failure === 'QueueFull')) return done(error, call);
    call.endpoint.brake.hold(call, error, (told) => done(told, call));
  }
}
