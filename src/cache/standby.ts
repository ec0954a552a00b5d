import { AsyncResource } from 'node:async_hooks';
import type { ServingError } from '../errors/index.js';
import type { Task } from '../execution/index.js';
import type { Flight } from './flight.js';
import { Member, type Group } from './member.js';

/** Starts what a flight shares; it gets the flight as its task. */
export type Run = (flight: Flight) => unknown;

interface Departure {
  readonly leader: Task;
  readonly timeout: number;
  readonly run: Run;
}

/** Calls that may not have the answer of the flight under way, and wait for the next one together. */
export class Standby implements Group {
  readonly #waiting = new Map<Member, Departure>();

  join(leader: Task, timeout: number, run: Run): Promise<unknown> {
    const member = new Member(leader);
    // Another call's end will start it, and its own async context is to be the one it runs in.
    this.#waiting.set(member, { leader, timeout, run: AsyncResource.bind(run) });
    member.enter(this);
    return member.promise;
  }

  leave(member: Member, reason: ServingError): void {
    if (this.#waiting.delete(member)) member.fail(reason);
  }

  /** What is to be started: what the first one that still waits would start. */
  get departure(): Departure | undefined {
    for (const member of this.#waiting.keys()) member.enter(this); // who is late leaves
    return this.#waiting.values().next().value;
  }

  board(flight: Flight): void {
    for (const member of this.#waiting.keys()) flight.take(member);
    this.#waiting.clear();
  }

  cancel(reason: ServingError): void {
    for (const member of this.#waiting.keys()) this.leave(member, reason);
  }
}
