import { AsyncResource } from 'node:async_hooks';
import { ServingError } from '../errors/index.js';
import { itemsOf } from './batch-size.js';
import { answersAtOnce, Batch, Failure, settle } from './batch.js';
import type { BatchTracer } from './batch-tracer.js';
import { deadlineExceeded, latestPast, refuseGone } from './deadline.js';
import type { Deferred } from './deferred.js';
import type {
  BatchOptions,
  BatchPredict,
  BatchReason,
  Entry,
  ExecutionObserver,
  ExecutionOptions,
  Executor,
} from './executor.js';
import { Gathering } from './gathering.js';
import { QueueRefusal } from './queue-refusal.js';
import { Settlement } from './settlement.js';
import { refuseBeyond } from './task-group.js';
import { TaskQueue } from './task-queue.js';
import type { Task } from './task.js';
import { WaitEstimate } from './wait-estimate.js';

/**
 * Runs a batch of requests a slot. All that is not running waits in one queue; a batch is taken from its head
 * when a slot is free and the batch is due.
 */
export class BatchExecutor implements Executor {
  readonly #predict: BatchPredict;
  readonly #options: ExecutionOptions & { readonly batch: BatchOptions };
  readonly #observer: ExecutionObserver;
  readonly #tracer: BatchTracer | undefined;
  readonly #estimate: WaitEstimate;
  readonly #refusal = new QueueRefusal();
  /** Where batches run: none of their members' async contexts. */
  readonly #scope = new AsyncResource('ModelServingBatch');
  readonly #waiting: Gathering;
  /** Those that run and are not yet settled. */
  readonly #unsettled = new TaskQueue<Settlement>();
  /** The batches that hold a slot. */
  readonly #batches = new Set<readonly Settlement[]>();
  #running = 0;

  constructor(
    predict: BatchPredict,
    options: ExecutionOptions & { readonly batch: BatchOptions },
    observer: ExecutionObserver,
    tracer?: BatchTracer,
  ) {
    this.#predict = predict;
    this.#options = options;
    this.#observer = observer;
    this.#tracer = tracer;
    this.#estimate = new WaitEstimate(options.maxConcurrency);
    this.#waiting = new Gathering(options.batch, () => this.#serveQueue('delay'));
  }

  get running(): number {
    return this.#running;
  }

  get overdueSince(): number | undefined {
    if (this.#batches.size < this.#options.maxConcurrency) return undefined;
    return latestPast([...this.#batches].flat().map(({ task }) => task.deadline));
  }

  get queued(): number {
    return this.#waiting.length;
  }

  run(task: Task, receiver: object): unknown {
    const now = performance.now();
    const size = this.#receive(task, now);
    if (this.#isFull) throw this.#refusal.of(this.#estimate.seconds(this.#waiting.size));
    if (this.#runsAtOnce(size)) return this.#runAlone(task, receiver, size, now);
    const settlement = this.#enqueue(task, receiver, size, now);
    this.#serveQueue();
    if (settlement.queue === this.#waiting) task.trace?.queued();
    return settlement.promise;
  }

  runAll(entries: readonly Entry[], receiver: object): void {
    refuseBeyond(this.capacity, entries.length);
    if (entries.length > this.#room) {
      throw this.#refusal.of(this.#estimate.seconds(this.#waiting.size + entries.length));
    }
    const now = performance.now();
    for (const { task, outcome } of entries) {
      try {
        this.#enqueue(task, receiver, this.#receive(task, now), now, outcome);
      } catch (error) {
        outcome.reject(error);
      }
    }
    this.#serveQueue();
  }

  get capacity(): number {
    const { maxConcurrency, maxQueue, batch } = this.#options;
    return maxConcurrency * batch.maxSize + maxQueue;
  }

  refuseWhenFull(): void {
    if (this.#isFull) throw this.#refusal.shared(this.#estimate.seconds(this.#waiting.size));
  }

  cancelAll(begun: ServingError, waiting = begun): void {
    // The queue is emptied first, lest a slot that falls free start what is to fail.
    const [notStarted, started] = [this.#waiting.clear(), this.#unsettled.clear()];
    for (const settlement of notStarted) settlement.giveUp(waiting);
    for (const settlement of started) settlement.giveUp(begun);
  }

  get #hasSlot(): boolean {
    return this.#running < this.#options.maxConcurrency;
  }

  get #isFull(): boolean {
    // With a free slot one joins the batch that gathers for it, which is not held to maxQueue.
    return !this.#hasSlot && this.#waiting.length >= this.#options.maxQueue;
  }

  /** How many tasks can be taken now, of those that count for one item each. */
  get #room(): number {
    const { maxConcurrency, maxQueue, batch } = this.#options;
    if (!this.#hasSlot) return maxQueue - this.#waiting.length;
    return (maxConcurrency - this.#running) * batch.maxSize - this.#waiting.size + maxQueue;
  }

  /** @returns how many items it counts for */
  #receive(task: Task, now: number): number {
    const { batch } = this.#options;
    refuseGone(task, now);
    task.adoptContext();
    const size = itemsOf(task.input, batch);
    // A gathering batch that this one would overflow is as full as it gets.
    if (this.#hasSlot && this.#waiting.size + size > batch.maxSize) this.#serveQueue('full');
    return size;
  }

  #enqueue(
    task: Task,
    receiver: object,
    size: number,
    now: number,
    outcome?: Deferred,
  ): Settlement {
    const settlement = new Settlement(task, receiver, size, now, outcome);
    settlement.onGone = this.#waiterGone;
    this.#waiting.push(settlement);
    return settlement;
  }

  readonly #waiterGone = () => this.#serveQueue();

  /**
   * Starts the batches that are due, while there are free slots, and leaves the timer set for the
   * oldest of those that go on gathering. `due` says why what waits is due in any case.
   */
  #serveQueue(due?: BatchReason): void {
    while (this.#hasSlot && this.#waiting.head) {
      const reason = this.#waiting.dueReason(this.#waiting.head) ?? due;
      if (reason === undefined) break;
      const start = performance.now();
      // The slot is taken first: whoever hears of an expired task may call back into run().
      this.#running++;
      const members = this.#waiting.take(start, this.#unsettled);
      if (members.length > 0) this.#serve(members, start, reason);
      else this.#running--;
    }
    this.#waiting.setTimer(this.#hasSlot);
  }

  /** Whether a batch of `size` items has nobody before it and need not wait for more. A traced one is made up. */
  #runsAtOnce(size: number): boolean {
    if (this.#tracer !== undefined || !this.#hasSlot || this.#waiting.length > 0) return false;
    const { maxSize, maxDelay } = this.#options.batch;
    return maxDelay === 0 || size >= maxSize;
  }

  /**
   * The way of a request that finds nobody before it and need not wait for others: where the handler
   * answers at once, there is no promise and no timer, and batching costs an idle endpoint nothing.
   */
  #runAlone(task: Task, receiver: object, size: number, start: number): unknown {
    this.#running++;
    this.#observer.batched(size, size >= this.#options.batch.maxSize ? 'full' : 'idle');
    this.#observer.queued(0);
    let returned: unknown;
    let answers: unknown[] | undefined;
    try {
      const inputs = [task.input];
      returned = this.#scope.runInAsyncScope(this.#predict, receiver, inputs, [task.context]);
      answers = answersAtOnce(returned, 1);
    } catch (error) {
      answers = [new Failure(error)];
    }
    if (answers === undefined) {
      const settlement = new Settlement(task, receiver, size, start);
      if (!settlement.settled) this.#unsettled.push(settlement);
      this.#begin([settlement], start, () => new Batch([settlement]).answers(returned));
      return settlement.promise;
    }
    const end = performance.now();
    const [answer] = answers;
    this.#observer.inferred(end - start, size, answer instanceof Failure);
    this.#release(end - start, size);
    this.#serveQueue();
    if (end >= task.deadline)
      throw deadlineExceeded(answer instanceof Failure ? answer.error : undefined);
    if (answer instanceof Failure) throw answer.error;
    return answer;
  }

  #release(duration: number, size: number): void {
    this.#running--;
    this.#estimate.record(duration, size);
  }

  /** Starts a batch. Never throws. */
  #serve(members: readonly Settlement[], start: number, reason: BatchReason): void {
    this.#observer.batched(sizeOf(members), reason);
    for (const { since, task } of members) {
      this.#observer.queued(start - since);
      task.trace?.started(start - since);
    }
    this.#begin(members, start, () => this.#runBatch(members, reason));
  }

  #begin(members: readonly Settlement[], start: number, run: () => Promise<unknown[]>): void {
    void this.#scope.runInAsyncScope(this.#conclude, this, members, start, run);
  }

  /** Holds a slot until the handler has ended, and settles every member. Never throws. */
  async #conclude(
    members: readonly Settlement[],
    start: number,
    run: () => Promise<unknown[]>,
  ): Promise<void> {
    let answers: unknown[];
    this.#batches.add(members);
    try {
      answers = await this.#infer(run, sizeOf(members), start);
    } catch (error) {
      const isolate = members.length > 1 && this.#options.onBatchError === 'isolate';
      answers = isolate ? await this.#isolate(members) : members.map(() => new Failure(error));
    }
    this.#batches.delete(members);
    // Who hears its answer finds the slot free.
    this.#release(performance.now() - start, sizeOf(members));
    settle(members, answers);
    this.#serveQueue();
  }

  /** Runs the members one by one, and settles each as it ends; no answer is left to be given. */
  async #isolate(members: readonly Settlement[]): Promise<[]> {
    for (const member of members) {
      if (member.task.deadline <= performance.now()) member.expire();
      if (member.settled) continue;
      try {
        settle([member], await this.#infer(() => this.#runBatch([member]), member.size));
      } catch (error) {
        member.reject(error, performance.now());
      }
    }
    return [];
  }

  async #runBatch(members: readonly Settlement[], reason?: BatchReason): Promise<unknown[]> {
    const run = async () => new Batch(members).run(this.#predict);
    if (this.#tracer === undefined) return run();
    const traces = members.flatMap(({ task }) => task.trace ?? []);
    return this.#tracer.runBatch({ traces, size: sizeOf(members), reason }, run);
  }

  /** Runs the handler once. */
  async #infer(
    run: () => Promise<unknown[]>,
    items: number,
    start = performance.now(),
  ): Promise<unknown[]> {
    let failed = true;
    try {
      const answers = await run();
      failed = answers.every((answer) => answer instanceof Failure);
      return answers;
    } finally {
      this.#observer.inferred(performance.now() - start, items, failed);
    }
  }
}

function sizeOf(members: readonly Settlement[]): number {
  return members.reduce((sum, { size }) => sum + size, 0);
}
