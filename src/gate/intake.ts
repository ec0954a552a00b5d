import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { ServingError } from '../errors/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { isWorkerProcess, SERVES_NO_CALLS } from '../lifecycle/role.js';
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
      this.refuse(call, error, done);
      return;
    }
    this.#door.read(call, arrival, (error, input) => {
      if (error !== undefined) return this.refuse(call, error, done);
      call.input = input;
      // What is read ends in the async context of its connection: the call goes on in its own.
      call.inContext(done, undefined, undefined, call);
    });
  }

  /**
   * Tells a call that comes to a full queue so before anything of it is looked at (body, guard,
   * schema), unless a kept answer or an identical call under way might serve it.
   *
   * @throws {ServingError} for a call that is not to be served, whatever it holds
   */
  admit(call: Call): void {
    const { endpoint } = call;
    if (isWorkerProcess()) throw new ServingError('NotFound', SERVES_NO_CALLS);
    if (!this.#readiness.accepting) {
      throw new ServingError('Unavailable', 'The server does not take requests now', {
        retryAfter: 1,
      });
    }
    if (endpoint.cache === undefined && !endpoint.defers(call)) endpoint.executor.refuseWhenFull();
  }

  /** Calls `done` with what is wrong: at once, or a little later in a storm of calls. */
  refuse(call: Call, error: unknown, done: Received): void {
    call.endpoint.brake.hold(call, error, (told) => done(told, call));
  }
}
