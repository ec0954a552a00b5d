import type { ServingError } from '../errors/index.js';
import { deadlineExceeded, latestPast, refuseGone } from './deadline.js';
import type { Entry, ExecutionObserver, ExecutionOptions, Executor, Start } from './executor.js';
import { follow, isPending, type Pending } from './pending.js';
import { QueueRefusal } from './queue-refusal.js';
import { refuseBeyond } from './task-group.js';
import { Settlement } from './settlement.js';
import { TaskQueue } from './task-queue.js';
import type { Task } from './task.js';
import { WaitEstimate } from './wait-estimate.js';

/**
 * Runs one call a slot. A slot is given back when the handler has really ended, not when its
 * request is answered: a handler that ignores its signal still uses the machine.
 */
export class SingleExecutor implements Executor {
  readonly #handle: Start;
  readonly #maxConcurrency: number;
  readonly #maxQueue: number;
  readonly #observer: ExecutionObserver;
  readonly #estimate: WaitEstimate;
  readonly #refusal = new QueueRefusal();
  readonly #waiting = new TaskQueue<Settlement>();
  /** Those that run and are not yet settled. */
  readonly #unsettled = new TaskQueue<Settlement>();
  /** Those that are settled and run on: nobody waits for them, but each holds a slot. */
  readonly #abandoned = new Set<Settlement>();
  #running = 0;

  constructor(handle: Start, options: ExecutionOptions, observer: ExecutionObserver) {
    this.#handle = handle;
    this.#maxConcurrency = options.maxConcurrency;
    this.#maxQueue = options.maxQueue;
    this.#observer = observer;
    this.#estimate = new WaitEstimate(options.maxConcurrency);
  }

  get running(): number {
    return this.#running;
  }

  get overdueSince(): number | undefined {
    // What is not abandoned is in time: its timer abandons it at its deadline.
    if (this.#abandoned.size < this.#maxConcurrency) return undefined;
    return latestPast([...this.#abandoned].map(({ task }) => task.deadline));
  }

  get queued(): number {
    return this.#waiting.length;
  }

  run(task: Task, receiver: object): unknown {
    const start = performance.now();
    refuseGone(task, start);
    task.adoptContext();
    if (this.#isFull) throw this.#refusal.of(this.#estimate.seconds(this.#waiting.length));
    if (this.#mustWait) {
      const settlement = new Settlement(task, receiver, 1, start);
      this.#waiting.push(settlement);
      task.trace?.queued();
      return settlement.promise;
    }
    this.#running++;
    this.#observer.queued(0);
    task.trace?.started(0);
    let value: unknown;
    let pending: boolean;
    try {
      value = this.#handle(task, receiver);
      pending = isPending(value);
    } catch (error) {
      const end = this.#release(start, true);
      this.#serveQueue();
      throw end < task.deadline ? error : deadlineExceeded(error);
    }
    if (pending) {
      const settlement = new Settlement(task, receiver, 1, start);
      this.#follow(settlement, value as Pending, start);
      return settlement.promise;
    }
    const end = this.#release(start);
    this.#serveQueue();
    if (end >= task.deadline) throw deadlineExceeded();
    return value;
  }

  runAll(entries: readonly Entry[], receiver: object): void {
    refuseBeyond(this.capacity, entries.length);
    const slots = this.#mustWait ? 0 : this.#maxConcurrency - this.#running;
    if (entries.length > slots + this.#maxQueue - this.#waiting.length) {
      throw this.#refusal.of(this.#estimate.seconds(this.#waiting.length + entries.length));
    }
    for (const { task, outcome } of entries) {
      try {
        outcome.resolve(this.run(task, receiver));
      } catch (error) {
        outcome.reject(error);
      }
    }
  }

  get capacity(): number {
    return this.#maxConcurrency + this.#maxQueue;
  }

  refuseWhenFull(): void {
    if (this.#isFull) throw this.#refusal.shared(this.#estimate.seconds(this.#waiting.length));
  }

  cancelAll(begun: ServingError, waiting = begun): void {
    // The queue is emptied first, lest a slot that falls free start what is to fail.
    const [notStarted, started] = [this.#waiting.clear(), this.#unsettled.clear()];
    for (const settlement of notStarted) settlement.giveUp(waiting);
    for (const settlement of started) settlement.giveUp(begun);
  }

  /** While the queue is being served there may be a free slot and others who came before. */
  get #mustWait(): boolean {
    return this.#running >= this.#maxConcurrency || this.#waiting.length > 0;
  }

  get #isFull(): boolean {
    return this.#mustWait && this.#waiting.length >= this.#maxQueue;
  }

  /** Starts who waits, while there are free slots, each in the async context it came in. */
  #serveQueue(): void {
    while (this.#running < this.#maxConcurrency) {
      const settlement = this.#waiting.shift();
      if (!settlement) return;
      const now = performance.now();
      // Its timer is late where the event loop was.
      if (settlement.task.deadline <= now) settlement.expire();
      else settlement.task.inContext(this.#start, this, settlement, now);
    }
  }

  #start(settlement: Settlement, start: number): void {
    const { task, receiver, since } = settlement;
    this.#running++;
    this.#observer.queued(start - since);
    task.trace?.started(start - since);
    let value: unknown;
    let pending: boolean;
    try {
      value = this.#handle(task, receiver);
      pending = isPending(value);
    } catch (error) {
      settlement.reject(error, this.#release(start, true));
      return;
    }
    if (pending) this.#follow(settlement, value as Pending, start);
    else settlement.resolve(value, this.#release(start));
  }

  #follow(settlement: Settlement, pending: Pending, start: number): void {
    const { value, stop } = follow(pending);
    const abandon = () => {
      this.#abandoned.add(settlement);
      settlement.task.inContext(stop);
    };
    if (settlement.settled) {
      abandon();
    } else {
      this.#unsettled.push(settlement);
      settlement.onGone = abandon;
    }
    value.then(
      (result) => {
        this.#abandoned.delete(settlement);
        settlement.resolve(result, this.#release(start));
        this.#serveQueue();
      },
      (error: unknown) => {
        this.#abandoned.delete(settlement);
        settlement.reject(error, this.#release(start, true));
        this.#serveQueue();
      },
    );
  }

  /** Gives a slot back and tells when. */
  #release(start: number, failed = false): number {
    const end = performance.now();
    this.#running--;
    this.#estimate.record(end - start, 1);
    this.#observer.inferred(end - start, 1, failed);
    return end;
  }
}
