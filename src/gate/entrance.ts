import type { Call } from '../endpoint/call.js';
import { isPromise } from '../interceptors/stage.js';
import type { Door } from './door.js';
import type { Passed } from './gate.js';
import type { Intake } from './intake.js';

/** Brings a call that has been received from its door to its handler, through whatever stands between. */
export type Pass<Arrival> = (call: Call, arrival: Arrival) => Passed | Promise<Passed>;

/** Takes what comes in by a door the whole way, and its answer back. */
export class Entrance<Arrival> {
  readonly #door: Door<Arrival>;
  readonly #intake: Intake<Arrival>;
  readonly #pass: Pass<Arrival>;

  constructor(door: Door<Arrival>, intake: Intake<Arrival>, pass: Pass<Arrival>) {
    this.#door = door;
    this.#intake = intake;
    this.#pass = pass;
  }

  /** @returns whether it is for an endpoint; if not, it is somebody else's */
  enter(arrival: Arrival): boolean {
    const door = this.#door;
    const pass = this.#pass;
    const endpoint = door.find(arrival);
    if (endpoint === undefined) return false;
    this.#intake.receive(endpoint, arrival, function received(error, call) {
      const fail = (cause: unknown) => door.fail(call, cause, arrival);
      if (error !== undefined) return fail(error);
      try {
        const passed = pass(call, arrival);
        const answer = (value: Passed) => value && door.answer(call, value, arrival);
        if (isPromise(passed)) passed.then(answer).catch(fail);
        else answer(passed);
      } catch (cause) {
        fail(cause);
      }
    });
    return true;
  }
}
