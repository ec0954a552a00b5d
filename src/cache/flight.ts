import type { ServingError } from '../errors/index.js';
import {
  CancellableTask,
  TaskContext,
  type PredictContext,
  type Task,
} from '../execution/index.js';
import { deadlineExceeded } from '../execution/deadline.js';
import { Member, type Group } from './member.js';

/**
 * One execution that several identical calls wait for. Its input and context are those of the call
 * that started it, but its deadline and its signal are its own: it runs on when that call has gone,
 * and is given up when all have.
 */
export class Flight extends CancellableTask implements Group {
  input: unknown;
  readonly context: PredictContext;
  readonly #members = new Set<Member>();
  readonly #ended: (flight: Flight) => void;
  #landed = false;

  /** @param ended called when it has landed or was given up, which may be one after the other */
  constructor(leader: Task, deadline: number, ended: (flight: Flight) => void) {
    super(deadline);
    this.input = leader.input;
    this.trace = leader.trace;
    this.context = new TaskContext(this, leader.context);
    this.#ended = ended;
  }

  /**
   * The outcome for one more call: the flight's, unless the call's own deadline or cancellation
   * comes first.
   */
  join(task: Task): Promise<unknown> {
    const member = new Member(task);
    this.take(member);
    return member.promise;
  }

  /** The same for a call that has waited already. */
  take(member: Member): void {
    this.#members.add(member);
    const { trace } = member.task;
    if (this.trace && trace !== this.trace) trace?.joined(this.trace);
    member.enter(this);
  }

  /** Fails one member; the last one to leave ends the flight. */
  leave(member: Member, reason: ServingError): void {
    if (!this.#members.delete(member)) return;
    member.fail(reason);
    if (this.#members.size === 0 && !this.#landed) this.cancel(reason);
  }

  override cancel(reason: ServingError): void {
    super.cancel(reason);
    this.#ended(this);
  }

  /** Gives the outcome of `run` to every member still there. */
  follow(run: unknown): void {
    const land = (settle: (member: Member) => void): void => {
      this.#landed = true;
      this.#ended(this);
      for (const member of this.#members) settle(member);
      this.#members.clear();
    };
    // Promise.resolve() tames a foreign thenable, which might settle before anybody has joined.
    Promise.resolve(run).then(
      (value) => land((member) => member.succeed(value)),
      (error: unknown) => land((member) => member.fail(member.late ? deadlineExceeded() : error)),
    );
  }
}
