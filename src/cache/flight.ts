import type { ServingError } from '../errors/index.js';
import {
  CancellableTask,
  TaskContext,
  type PredictContext,
  type Task,
} from '../execution/index.js';
import { deadlineExceeded, delayUntil } from '../execution/deadline.js';

/**
 * One execution that several identical calls wait for. Its input and context are those of the call
 * that started it, but its deadline and its signal are its own: it runs on when that call has gone,
 * and is given up when all have.
 */
export class Flight extends CancellableTask {
  input: unknown;
  readonly context: PredictContext;
  readonly #members = new Set<Member>();
  #landed = false;

  constructor(leader: Task, deadline: number) {
    super(deadline);
    this.input = leader.input;
    this.context = new TaskContext(this, leader.context);
  }

  /**
   * The outcome for one more call: the flight's, unless the call's own deadline or cancellation
   * comes first.
   */
  join(task: Task): Promise<unknown> {
    const member = new Member(task, this);
    this.#members.add(member);
    if (task.cancellation) this.leave(member, task.cancellation);
    else if (task.deadline <= performance.now()) this.leave(member, deadlineExceeded());
    return member.promise;
  }

  /** Fails one member; the last one to leave ends the flight. */
  leave(member: Member, reason: ServingError): void {
    if (!this.#members.delete(member)) return;
    member.fail(reason);
    if (this.#members.size === 0 && !this.#landed) this.cancel(reason);
  }

  /** Gives the outcome of `run` to every member still there, and then calls `landed`. */
  follow(run: PromiseLike<unknown>, landed: () => void): void {
    const land = (settle: (member: Member) => void): void => {
      this.#landed = true;
      landed();
      const now = performance.now();
      for (const member of this.#members) {
        // Its timer is late where the event loop was held.
        if (member.deadline <= now) member.fail(deadlineExceeded());
        else settle(member);
      }
      this.#members.clear();
    };
    // Promise.resolve() tames a foreign thenable, which might settle before anybody has joined.
    Promise.resolve(run).then(
      (value) => land((member) => member.succeed(value)),
      (error: unknown) => land((member) => member.fail(error)),
    );
  }
}

/** One call that waits for a flight. */
class Member {
  readonly promise: Promise<unknown>;
  readonly #task: Task;
  readonly #timer: NodeJS.Timeout;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(task: Task, flight: Flight) {
    this.#task = task;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(
      () => flight.leave(this, deadlineExceeded()),
      delayUntil(task.deadline, performance.now()),
    );
    task.onCancel((reason) => flight.leave(this, reason));
  }

  get deadline(): number {
    return this.#task.deadline;
  }

  succeed(value: unknown): void {
    this.#settle();
    this.#resolve(value);
  }

  fail(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.#task.onCancel(undefined);
  }
}
