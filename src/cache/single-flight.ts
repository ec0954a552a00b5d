import type { ServingError } from '../errors/index.js';
import type { Task } from '../execution/index.js';
import { deadlineExceeded, refuseGone } from '../execution/deadline.js';
import { isThenable } from '../execution/pending.js';
import { Flight } from './flight.js';
import { Standby, type Run } from './standby.js';

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
  /** Who waits for the flight after the one under way. */
  readonly #standbys = new Map<string, Standby>();

  /** How many executions are under way. */
  get size(): number {
    return this.#flights.size;
  }

  /** The flight of an identical call, to be joined. */
  find(key: string): Flight | undefined {
    return this.#flights.get(key);
  }

  /**
   * Starts a flight with `leader` as its first member. What `run` returns or throws synchronously is
   * returned or thrown synchronously; a promise is shared with all who join until it settles. A
   * leader that is already gone, or whose deadline has passed, starts nothing: that is thrown.
   *
   * @param timeout milliseconds the flight may take, whatever is left of the leader's own time
   * @param run what is shared; it gets the flight as its task
   */
  start(key: string, leader: Task, timeout: number, run: Run): unknown {
    const now = performance.now();
    refuseGone(leader, now);
    const flight = this.#create(key, leader, now + timeout);
    const outcome = run(flight);
    if (!isThenable(outcome)) {
      if (leader.deadline <= performance.now()) throw deadlineExceeded();
      return outcome;
    }
    this.#flights.set(key, flight);
    flight.follow(outcome);
    return flight.join(leader);
  }

  /**
   * Waits for the flight under way to end, whatever comes of it, and then shares one new flight with
   * all who wait so. Parameters are those of {@link SingleFlight.start}.
   */
  startNext(key: string, leader: Task, timeout: number, run: Run): Promise<unknown> {
    let standby = this.#standbys.get(key);
    if (standby === undefined) {
      standby = new Standby();
      this.#standbys.set(key, standby);
    }
    return standby.join(leader, timeout, run);
  }

  /** Fails all who wait for a flight to start. */
  cancelWaiting(reason: ServingError): void {
    for (const standby of this.#standbys.values()) standby.cancel(reason);
  }

  #create(key: string, leader: Task, deadline: number): Flight {
    return new Flight(leader, deadline, (flight) => {
      // One that was given up may have been replaced by a new one when it lands.
      if (this.#flights.get(key) !== flight) return;
      this.#flights.delete(key);
      this.#takeOff(key);
    });
  }

  #takeOff(key: string): void {
    const standby = this.#standbys.get(key);
    this.#standbys.delete(key);
    const departure = standby?.departure;
    if (standby === undefined || departure === undefined) return;
    const { leader, timeout, run } = departure;
    const flight = this.#create(key, leader, performance.now() + timeout);
    this.#flights.set(key, flight);
    standby.board(flight);
    // Here a run that ends at once is shared as well.
    flight.follow(new Promise((resolve) => resolve(run(flight))));
  }
}
