import { describe, expect, it } from 'vitest';
import {
  CancellableTask,
  TaskContext,
  type PredictContext,
  type Sink,
} from '../../src/execution/index.js';
import { pump } from '../../src/execution/pump.js';
import { ServingError } from '../../src/errors/index.js';
import { Subject } from 'rxjs';
import { Readable } from 'node:stream';
import { deferred } from '../endpoint/deferred.js';

class Taken implements Sink {
  readonly items: unknown[] = [];
  isFull = false;
  ready: (() => void) | undefined;

  take(item: unknown): void {
    if (item === 'poison') throw new ServingError('InvalidAnswer', 'poisoned');
    this.items.push(item);
  }

  onceReady(listener: () => void): void {
    this.ready = listener;
  }

  open(): void {
    this.isFull = false;
    this.ready?.();
  }
}

class StreamTask extends CancellableTask {
  input = {};
  override readonly sink = new Taken();
  readonly context: PredictContext = new TaskContext(this, {
    requestId: 'x',
    headers: {},
    params: {},
    query: {},
    log: {} as never,
  });
}

const gone = () => new ServingError('Cancelled', 'gone');
/** Lets everything happen that can happen now. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** An iterator that is moved by hand, and notes what is called of it. */
function byHand() {
  const calls: string[] = [];
  const steps: ReturnType<typeof deferred<IteratorResult<unknown>>>[] = [];
  const returning = deferred<IteratorResult<unknown>>();
  return {
    calls,
    steps,
    returning,
    [Symbol.asyncIterator]() {
      return this;
    },
    next() {
      calls.push('next');
      const step = deferred<IteratorResult<unknown>>();
      steps.push(step);
      return step.promise;
    },
    return() {
      calls.push('return');
      return returning.promise;
    },
  };
}

async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  await settle();
  const yes = () => true;
  return Promise.race([promise.then(yes, yes), Promise.resolve(false)]);
}

describe('A pump', () => {
  it('asks for the next item only when the sink takes it', async () => {
    const task = new StreamTask(Infinity);
    const hand = byHand();
    const ended = pump(hand, task);
    await settle();
    expect(hand.calls).toEqual(['next']);
    task.sink.isFull = true;
    hand.steps[0]!.resolve({ done: false, value: 1 });
    await settle();
    expect([hand.calls, task.sink.items]).toEqual([['next'], [1]]);
    task.sink.open();
    await settle();
    expect(hand.calls).toEqual(['next', 'next']);
    hand.steps[1]!.resolve({ done: true, value: 2 });
    await ended;
    expect(task.sink.items).toEqual([1]);
    expect(hand.calls).toEqual(['next', 'next']);
    expect(task.signal.aborted).toBe(false);
  });

  it('ends only when return() has, and asks for no more', async () => {
    const task = new StreamTask(Infinity);
    const hand = byHand();
    const ended = pump(hand, task);
    await settle();
    task.cancel(gone());
    expect(hand.calls).toEqual(['next', 'return']);
    hand.steps[0]!.resolve({ done: false, value: 'late' });
    expect(await isSettled(ended)).toBe(false);
    hand.returning.resolve({ done: true, value: undefined });
    await expect(ended).rejects.toThrow('gone');
    expect([hand.calls, task.sink.items]).toEqual([['next', 'return'], []]);
  });

  it('ends with return() although the item on its way never comes', async () => {
    const task = new StreamTask(Infinity);
    const hand = byHand();
    const ended = pump(hand, task);
    await settle();
    task.cancel(gone());
    hand.returning.resolve({ done: true, value: undefined });
    await expect(ended).rejects.toThrow('gone');
  });

  it('ends with the item on its way where there is no return()', async () => {
    const task = new StreamTask(Infinity);
    const { return: _, ...hand } = byHand();
    const ended = pump(hand, task);
    await settle();
    task.cancel(gone());
    expect(await isSettled(ended)).toBe(false);
    hand.steps[0]!.resolve({ done: false, value: 'late' });
    await expect(ended).rejects.toThrow('gone');
    expect([hand.calls, task.sink.items]).toEqual([['next'], []]);
  });

  it('is woken from a full sink by the end of its task', async () => {
    const task = new StreamTask(Infinity);
    task.sink.isFull = true;
    const hand = byHand();
    const ended = pump(hand, task);
    await settle();
    expect(hand.calls).toEqual([]);
    task.cancel(gone());
    hand.returning.resolve({ done: true, value: undefined });
    await expect(ended).rejects.toThrow('gone');
    expect(hand.calls).toEqual(['return']);
  });

  it.each([false, true])('gives the task up for a sink that refuses an item', async (sync) => {
    const task = new StreamTask(Infinity);
    let finallyRan = 0;
    const items = {
      *[Symbol.iterator]() {
        try {
          yield* [1, 'poison', 3];
        } finally {
          finallyRan++;
        }
      },
    };
    const ended = pump(sync ? items : Readable.from(items), task);
    await expect(ended).rejects.toThrow('poisoned');
    expect(task.sink.items).toEqual([1]);
    expect(task.cancellation).toMatchObject({ failure: 'InvalidAnswer' });
    expect(finallyRan).toBe(1);
  });

  it('fails with what is thrown, aborts the signal, and does not end what has ended', async () => {
    const task = new StreamTask(Infinity);
    const hand = byHand();
    const ended = pump(hand, task);
    await settle();
    hand.steps[0]!.resolve(Promise.reject(new Error('broken')) as never);
    await expect(ended).rejects.toThrow('broken');
    expect(hand.calls).toEqual(['next']);
    expect(task.signal.aborted).toBe(true);
  });

  it.each(['sync', 'async'])(
    'lets the event loop turn where a %s handler never waits',
    async (kind) => {
      function* endless() {
        for (;;) yield 1;
      }
      async function* endlessly() {
        for (;;) yield 1;
      }
      const task = new StreamTask(Infinity);
      const ended = pump(kind === 'sync' ? endless() : endlessly(), task);
      // Whatever else there is gets its turn: here, what gives the task up.
      setTimeout(() => task.cancel(gone()), 1);
      await expect(ended).rejects.toThrow('gone');
      expect(task.sink.items.length).toBeGreaterThan(0);
    },
  );

  it('lets the first item go before it asks for the second', async () => {
    const task = new StreamTask(Infinity);
    let made = 0;
    function* items() {
      for (; made < 3; made++) yield made;
    }
    const ended = pump(items(), task);
    await new Promise(process.nextTick);
    expect([made, task.sink.items]).toEqual([0, [0]]);
    await ended;
    expect(task.sink.items).toEqual([0, 1, 2]);
  });

  it('does not start what comes too late', async () => {
    const task = new StreamTask(Infinity);
    const promised = deferred<unknown>();
    const ended = pump(promised.promise, task);
    task.cancel(gone());
    expect(await isSettled(ended)).toBe(false);
    const hand = byHand();
    hand.returning.resolve({ done: true, value: undefined });
    promised.resolve(hand);
    await expect(ended).rejects.toThrow('gone');
    expect(hand.calls).toEqual(['return']);
  });

  it('ends a silent Readable, ReadableStream and Observable', async () => {
    const readable = new Readable({ objectMode: true, read() {} });
    let cancelled = 0;
    const stream = new ReadableStream({ cancel: () => void cancelled++ });
    const subject = new Subject();
    for (const source of [readable, stream, subject]) {
      const task = new StreamTask(Infinity);
      const ended = pump(source, task);
      await settle();
      task.cancel(gone());
      await expect(ended).rejects.toThrow('gone');
    }
    expect([readable.destroyed, cancelled, subject.observed]).toEqual([true, 1, false]);
  });
});
