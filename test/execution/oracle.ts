import { strict as assert } from 'node:assert';
import { expect, vi } from 'vitest';
import { ServingError } from '../../src/errors/index.js';
import type { BatchOptions, Executor } from '../../src/execution/index.js';
import { executorOf, gone, outcome, settle, TestTask } from './harness.js';

/** How a run of the handler ends. */
export type End = 'ok' | 'throws' | 'odd items fail' | 'too few' | 'too many' | 'nonsense';

export type Action =
  | { do: 'arrive'; size: number | 'throws'; timeout: number; ends: End | 'later' }
  | { do: 'cancel'; which: number }
  | { do: 'end'; which: number; how: End }
  | { do: 'pass'; ms: number }
  | { do: 'cancel all' };

export interface Setup {
  maxConcurrency: number;
  maxQueue: number;
  onBatchError: 'isolate' | 'fail';
  batch: Omit<BatchOptions, 'sizeOf'> | undefined;
}

interface Item {
  readonly id: number;
  readonly size: number | 'throws';
  readonly ends: End | 'later';
}

/** One run of the handler that has not ended. */
interface ActiveRun {
  readonly members: readonly Call[];
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** A request, what came of it, and what ought to have. */
class Call {
  expected: unknown;
  actual: unknown;
  settlements = 0;
  started = false;
  /** Whether it was run again, alone. */
  isolated = false;
  readonly arrival = performance.now();

  constructor(
    readonly task: TestTask,
    readonly item: Item,
  ) {}

  get size(): number {
    return Math.max(Number(this.item.size), 1);
  }

  get expired(): boolean {
    return this.task.deadline <= performance.now();
  }

  expect(expected: unknown): void {
    if (this.expected === undefined) this.expected = expected;
  }
}

const brokenSize = new Error('sizeOf is broken');
const shutdown = new ServingError('Unavailable', 'Shutting down');
const failureOf = (failure: string) => expect.objectContaining({ failure });

/**
 * Drives an executor and says of every request what must come of it: an independent and slow
 * telling of the same rules, on a clock of its own, with every run's end in the driver's hand.
 */
export class Oracle {
  readonly #setup: Setup;
  readonly #executor: Executor;
  readonly #calls: Call[] = [];
  readonly #unchecked = new Set<Call>();
  readonly #active: ActiveRun[] = [];
  readonly #maxSize: number;
  readonly #maxDelay: number;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#maxSize = setup.batch?.maxSize ?? 1;
    this.#maxDelay = setup.batch?.maxDelay ?? 0;
    const { batch } = setup;
    this.#executor = executorOf(
      (input) => (batch ? this.#handle(input as Item[]) : this.#handleOne(input as Item)),
      {
        ...setup,
        batch: batch && {
          ...batch,
          sizeOf: (input) => {
            const { size } = input as Item;
            if (size === 'throws') throw brokenSize;
            return size;
          },
        },
      },
    );
  }

  async perform(action: Action): Promise<void> {
    if (action.do === 'arrive') this.#arrive(action);
    else if (action.do === 'cancel') this.#cancel(action.which);
    else if (action.do === 'end') this.#end(action.which, action.how);
    else if (action.do === 'pass') await this.#pass(action.ms);
    else this.#cancelAll();
    await settle();
    this.#check();
  }

  /** Ends all that runs until nothing is left. */
  async finish(): Promise<void> {
    for (let rounds = 0; this.#unsettled.length > 0 || this.#active.length > 0; rounds++) {
      expect(rounds).toBeLessThan(1000);
      if (this.#active.length > 0) await this.perform({ do: 'end', which: 0, how: 'ok' });
      else await this.perform({ do: 'pass', ms: 1 });
    }
    expect(this.#calls.map(({ settlements }) => settlements)).toEqual(this.#calls.map(() => 1));
    expect([this.#executor.running, this.#executor.queued]).toEqual([0, 0]);
    expect(vi.getTimerCount()).toBe(0);
  }

  /** Of how many requests each outcome was seen. */
  get outcomes(): string[] {
    return this.#calls.map(({ actual }) =>
      actual instanceof ServingError ? actual.failure : actual instanceof Error ? 'throw' : 'ok',
    );
  }

  get #unsettled(): Call[] {
    return this.#calls.filter(({ settlements }) => settlements === 0);
  }

  get #waiting(): Call[] {
    return this.#calls.filter(
      (call) => !call.started && call.expected === undefined && !call.expired,
    );
  }

  #arrive({ size, timeout, ends }: Extract<Action, { do: 'arrive' }>): void {
    const item = { id: this.#calls.length, size: this.#setup.batch ? size : 1, ends };
    const call = new Call(new TestTask(item, timeout), item);
    const refusal = this.#refusalOf(call);
    if (refusal) call.expect(refusal);
    this.#foretell();
    this.#calls.push(call);
    this.#unchecked.add(call);
    void outcome(this.#executor, call.task).then((actual) => {
      call.actual = actual;
      call.settlements++;
    });
  }

  /** What is said of any task says nothing of its size. */
  #foretell(): void {
    const { maxConcurrency, maxQueue } = this.#setup;
    const full = this.#active.length === maxConcurrency && this.#waiting.length >= maxQueue;
    const ask = () => this.#executor.refuseWhenFull();
    if (full) expect(ask).toThrow(failureOf('QueueFull'));
    else ask();
  }

  #refusalOf(call: Call): unknown {
    if (call.item.size === 'throws') return brokenSize;
    if (call.size > this.#maxSize) return failureOf('PayloadTooLarge');
    let slots = this.#setup.maxConcurrency - this.#active.length;
    let waiting = this.#waiting;
    if (slots > 0 && sum(waiting) + call.size > this.#maxSize) {
      slots--;
      waiting = [];
    }
    const full = slots === 0 && waiting.length >= this.#setup.maxQueue;
    return full ? failureOf('QueueFull') : undefined;
  }

  #cancel(which: number): void {
    const call = this.#calls[which % this.#calls.length];
    if (!call) return;
    const reason = gone();
    if (call.settlements === 0) call.expect(reason);
    call.task.cancel(reason);
  }

  /** What one millisecond started has ended before the next, as far as it can. */
  async #pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      vi.advanceTimersByTime(1);
      await settle();
    }
  }

  #cancelAll(): void {
    for (const call of this.#unsettled) call.expect(shutdown);
    this.#executor.cancelAll(shutdown);
  }

  /** What the handler does: checks that it was given the right batch, and waits for its end. */
  #handle(items: readonly Item[]): unknown {
    const members = items.map(({ id }) => this.#calls[id]!);
    if (members.some(({ started }) => started)) {
      // Only a throw runs items again, each alone, once, and only for who still waits.
      expect(this.#setup.onBatchError).toBe('isolate');
      expect(
        members.map(({ isolated, expected, expired }) => [isolated, expected, expired]),
      ).toEqual([[false, undefined, false]]);
      members[0]!.isolated = true;
    } else {
      expect(members).toEqual(this.#nextBatch());
      for (const member of members) member.started = true;
    }
    const { ends } = items[0]!;
    if (ends !== 'later') return this.#endOf(members, ends)();
    return new Promise((resolve, reject) => this.#active.push({ members, resolve, reject }));
  }

  #handleOne(item: Item): unknown {
    const results = this.#handle([item]);
    return results instanceof Promise
      ? results.then(([result]) => result as unknown)
      : (results as unknown[])[0];
  }

  #nextBatch(): Call[] {
    const batch: Call[] = [];
    for (const call of this.#waiting) {
      if (sum(batch) + call.size > this.#maxSize) break;
      batch.push(call);
    }
    return batch;
  }

  #end(which: number, how: End): void {
    const [run] = this.#active.splice(which % (this.#active.length || 1), 1);
    if (!run) return;
    try {
      run.resolve(this.#endOf(run.members, how)());
    } catch (error) {
      run.reject(error);
    }
  }

  /** Foretells what a run's end means for its members; calling the result makes it so. */
  #endOf(members: readonly Call[], how: End): () => unknown {
    const live = members.filter(({ expected, expired }) => expected === undefined && !expired);
    if (how === 'throws') {
      const thrown = new Error(`thrown at ${members.map(({ item }) => item.id)}`);
      const isolated = members.length > 1 && this.#setup.onBatchError === 'isolate';
      if (!isolated) for (const call of live) call.expect(thrown);
      return () => {
        throw thrown;
      };
    }
    const results = members.map(({ item: { id } }) =>
      how === 'odd items fail' && id % 2 && this.#setup.batch
        ? new Error(`error of ${id}`)
        : `answer to ${id}`,
    );
    const wrong =
      this.#setup.batch && (how === 'too few' || how === 'too many' || how === 'nonsense');
    for (const call of live) {
      call.expect(wrong ? failureOf('Internal') : results[members.indexOf(call)]);
    }
    if (!wrong) return () => results;
    if (how === 'nonsense') return () => ({ length: members.length });
    return () => (how === 'too few' ? results.slice(1) : [...results, 'one more']);
  }

  #check(): void {
    for (const call of this.#unchecked) {
      if (call.expired) call.expect(failureOf('DeadlineExceeded'));
      if (call.expected === undefined) {
        assert.equal(call.settlements, 0);
      } else {
        expect(call.actual).toEqual(call.expected);
        assert.equal(call.task.signal.aborted, isAbandoned(call.actual));
        this.#unchecked.delete(call);
      }
    }
    const { running, queued } = this.#executor;
    assert.equal(running, this.#active.length);
    assert(running <= this.#setup.maxConcurrency);
    const waiting = this.#waiting;
    assert.equal(queued, waiting.length);
    const [oldest] = waiting;
    if (oldest && running < this.#setup.maxConcurrency) {
      // A free slot leaves alone only those who gather.
      assert(sum(waiting) < this.#maxSize);
      assert(performance.now() - oldest.arrival < this.#maxDelay);
    }
  }
}

function sum(calls: readonly Call[]): number {
  return calls.reduce((total, { size }) => total + size, 0);
}

function isAbandoned(actual: unknown): boolean {
  return (
    actual instanceof ServingError &&
    ['Cancelled', 'DeadlineExceeded', 'Unavailable'].includes(actual.failure)
  );
}
