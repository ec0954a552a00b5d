import type { Task } from '../execution/index.js';
import { deadlineExceeded, refuseGone } from '../execution/deadline.js';
import { isThenable } from '../execution/pending.js';
import { Flight } from './flight.js';

/**
 * The executions under way, by cache key: identical calls share one. A caller looks for a flight to
 * join first, and starts one where there is none, in the same turn of the event loop.
 *
 * @example
 * ```ts
 * const flight = flights.find(key);
 * const answer = flight ? flight.join(call) : flights.start(key, call, timeout, run);
 * ```
 */
export class SingleFlight {
  readonly #flights = new Map<string, Flight>();

  /** How many executions are under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** The flight of an identical call, to be joined. */
  find(key: string): Flight | undefined {
    const flight = this.#flights.get(key);
    // One that everybody has left is ending: nobody can get an answer from it.
    return flight?.cancellation ? undefined : flight;
  }

  /**
   * Starts a flight with `leader` as its first member. What `run` returns or throws synchronously is
   * returned or thrown synchronously; a promise is shared with all who join until it settles. A
   * leader that is already gone, or whose deadline has passed, starts nothing: that is thrown.
   *
   * @param timeout milliseconds the flight may take, whatever is left of the leader's own time
   * @param run what is shared; it gets the flight as its task
   */
  start(key: string, leader: Task, timeout: number, run: (flight: Flight) => unknown): unknown {
    const now = performance.now();
    refuseGone(leader, now);
    const flight = new Flight(leader, now + timeout);
    const outcome = run(flight);
    if (!isThenable(outcome)) {
      if (leader.deadline <= performance.now()) throw deadlineExceeded();
      return outcome;
    }
    this.#flights.set(key, flight);
    flight.follow(outcome, () => {
      // A flight that was given up may have been replaced by a new one.
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    });
    return flight.join(leader);
  }
}
