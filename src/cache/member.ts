import type { ServingError } from '../errors/index.js';
import type { Task } from '../execution/index.js';
import { deadlineExceeded, delayUntil } from '../execution/deadline.js';

/** Calls that wait for one outcome together. */
export interface Group {
  /** Fails a member whose deadline has passed or whose call was given up. */
  leave(member: Member, reason: ServingError): void;
}

/** One call that waits for an outcome, no longer than its own deadline and while somebody wants it. */
export class Member {
  readonly promise: Promise<unknown>;
  readonly task: Task;
  readonly #timer: NodeJS.Timeout;
  #group: Group | undefined;
  #resolve!: (value: unknown) => void;
  #reject!: (error: unknown) => void;

  constructor(task: Task) {
    this.task = task;
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#timer = setTimeout(
      () => this.#group?.leave(this, deadlineExceeded()),
      delayUntil(task.deadline, performance.now()),
    );
    task.onCancel((reason) => this.#group?.leave(this, reason));
  }

  /** Whether the deadline has passed; the timer is late where the event loop was held. */
  get late(): boolean {
    return this.task.deadline <= performance.now();
  }

  /** Joins a group that knows of it, and leaves at once if it is too late. */
  enter(group: Group): void {
    this.#group = group;
    if (this.task.cancellation) group.leave(this, this.task.cancellation);
    else if (this.late) group.leave(this, deadlineExceeded());
  }

  succeed(value: unknown): void {
    this.#settle();
    if (this.late) this.#reject(deadlineExceeded());
    else this.#resolve(value);
  }

  fail(error: unknown): void {
    this.#settle();
    this.#reject(error);
  }

  #settle(): void {
    clearTimeout(this.#timer);
    this.task.onCancel(undefined);
  }
}
