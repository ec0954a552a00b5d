import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  DeferredHandler,
  executorOf,
  gone,
  model,
  Observations,
  outcome,
  settle,
  TestTask,
} from './harness.js';

const sizeOf = (input: unknown) => (input as number[]).length;
const items = (count: number) => Array.from({ length: count }, () => count);

describe('batching', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('with maxDelay 0 starts at once, and forms batches while all slots are busy', async () => {
    const handler = new DeferredHandler();
    const observations = new Observations();
    const executor = executorOf(handler.predict, { batch: { maxSize: 3 } }, observations);
    const outcomes = ['a', 'b', 'c', 'd', 'e'].map((input) =>
      outcome(executor, new TestTask(input)),
    );
    expect(handler.inputs).toEqual([['a']]);
    expect([executor.running, executor.queued]).toEqual([1, 4]);

    handler.run(0).resolve(['A']);
    await settle();
    expect(handler.inputs).toEqual([['a'], ['b', 'c', 'd']]);
    handler.run(1).resolve(['B', 'C', 'D']);
    await settle();
    expect(handler.inputs).toEqual([['a'], ['b', 'c', 'd'], ['e']]);
    handler.run(2).resolve(['E']);

    expect(await Promise.all(outcomes)).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect(observations.batches).toEqual([1, 3, 1]);
    expect(observations.reasons).toEqual(['idle', 'full', 'idle']);
    expect(observations.waits).toHaveLength(5);
    expect(observations.runs).toHaveLength(3);
    expect([executor.running, executor.queued]).toEqual([0, 0]);
  });

  it('hands over each context with its input, on the receiver', () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 2, maxDelay: 5 } });
    const tasks = ['a', 'b'].map((input) => new TestTask(input));
    for (const task of tasks) void executor.run(task, model);
    expect(handler.run(0).contexts).toEqual(tasks.map(({ context }) => context));
    expect(handler.run(0).receiver).toBe(model);
  });

  it('never puts the requests of two receivers in one batch', () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 2, batch: { maxDelay: 5 } });
    const other = { name: 'other' };
    void executor.run(new TestTask('a'), model);
    void executor.run(new TestTask('b'), other);
    vi.advanceTimersByTime(5);
    expect(handler.inputs).toEqual([['a'], ['b']]);
    expect(handler.run(1).receiver).toBe(other);
  });

  it('does not start what a listener cancels while its batch is taken', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 2 } });
    const [leaving, expiring, staying] = [
      new TestTask('leaving'),
      new TestTask('expiring', 10),
      new TestTask('staying'),
    ];
    expiring!.signal.addEventListener('abort', () => leaving!.cancel(gone()));
    const first = outcome(executor, new TestTask('first'));
    for (const task of [leaving, expiring, staying]) void outcome(executor, task!);
    const busyUntil = performance.now() + 10;
    vi.spyOn(performance, 'now').mockReturnValue(busyUntil);
    handler.run(0).resolve(['A']);
    expect(await first).toBe('A');
    vi.mocked(performance.now).mockRestore();
    expect(handler.inputs).toEqual([['first'], ['staying']]);
  });

  it('tells why each batch was started', async () => {
    const handler = new DeferredHandler();
    const { predict } = handler;
    const reasonsOf = (batch: object, maxConcurrency: number, inputs: number[][]) => {
      const observations = new Observations();
      const executor = executorOf(
        predict,
        { maxConcurrency, batch: { sizeOf, ...batch } },
        observations,
      );
      for (const input of inputs) void executor.run(new TestTask(input), model);
      vi.advanceTimersByTime(10);
      return observations.reasons;
    };
    expect(reasonsOf({ maxSize: 3 }, 1, [items(1)])).toEqual(['idle']);
    expect(reasonsOf({ maxSize: 3 }, 1, [items(3)])).toEqual(['full']);
    expect(reasonsOf({ maxSize: 3, maxDelay: 10 }, 2, [items(3), items(1)])).toEqual([
      'full',
      'delay',
    ]);
    // What comes next would not fit, and waits for others in its turn.
    expect(reasonsOf({ maxSize: 3, maxDelay: 10 }, 2, [items(2), items(2)])).toEqual([
      'full',
      'delay',
    ]);
  });

  it('starts when full', () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 2, maxDelay: 100 } });
    void executor.run(new TestTask('a'), model);
    expect(handler.runs).toEqual([]);
    void executor.run(new TestTask('b'), model);
    expect(handler.inputs).toEqual([['a', 'b']]);
  });

  it('starts when its oldest item has waited maxDelay', () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxDelay: 10 } });
    void executor.run(new TestTask('a'), model);
    vi.advanceTimersByTime(6);
    void executor.run(new TestTask('b'), model);
    vi.advanceTimersByTime(3);
    expect(handler.runs).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(handler.inputs).toEqual([['a', 'b']]);
  });

  it('counts maxDelay from the next oldest where the oldest has gone', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxDelay: 10 } });
    const first = outcome(executor, new TestTask('a', 8));
    vi.advanceTimersByTime(6);
    const second = outcome(executor, new TestTask('b'));
    vi.advanceTimersByTime(9);
    expect(await first).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(handler.runs).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(handler.inputs).toEqual([['b']]);
    handler.run(0).resolve(['B']);
    expect(await second).toBe('B');
  });

  it('counts the time behind busy slots into maxDelay', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 2, maxDelay: 10 } });
    for (const input of ['a', 'b', 'c']) void executor.run(new TestTask(input), model);
    vi.advanceTimersByTime(4);
    handler.run(0).resolve([1, 2]);
    await settle();
    expect(handler.runs).toHaveLength(1);
    vi.advanceTimersByTime(6);
    expect(handler.inputs).toEqual([['a', 'b'], ['c']]);

    void executor.run(new TestTask('d'), model);
    vi.advanceTimersByTime(10);
    handler.run(1).resolve([3]);
    await settle();
    expect(handler.inputs[2]).toEqual(['d']);
  });

  it('sets a timer only while a batch gathers for a free slot', () => {
    const executor = executorOf(new DeferredHandler().predict, {
      batch: { maxSize: 2, maxDelay: 10 },
    });
    for (const [input, timers] of [
      ['a', 2],
      ['b', 2],
      ['c', 3],
    ] as const) {
      // One each is for the deadline.
      void executor.run(new TestTask(input), model);
      expect(vi.getTimerCount()).toBe(timers);
    }
  });

  it('leaves no timer behind', async () => {
    const executor = executorOf((inputs) => inputs, { batch: { maxSize: 2, maxDelay: 10 } });
    const task = new TestTask('a');
    const left = outcome(executor, task);
    task.abort = () => {};
    expect(vi.getTimerCount()).toBe(2);
    executor.cancelAll(new Error('stop') as never);
    await left;
    expect(vi.getTimerCount()).toBe(0);
    const outcomes = ['b', 'c'].map((input) => outcome(executor, new TestTask(input)));
    expect(await Promise.all(outcomes)).toEqual(['b', 'c']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('sizeOf', () => {
  it('fills a batch by items, and leaves for the next what would overflow it', async () => {
    const handler = new DeferredHandler();
    const observations = new Observations();
    const options = { maxConcurrency: 2, batch: { maxSize: 4, maxDelay: 100, sizeOf } };
    const executor = executorOf(handler.predict, options, observations);
    const [one, two, three] = [items(1), items(2), items(3)];
    void executor.run(new TestTask(one), model);
    void executor.run(new TestTask(two), model);
    expect(handler.runs).toEqual([]);
    void executor.run(new TestTask(three), model);
    expect(handler.inputs).toEqual([[one, two]]);
    void executor.run(new TestTask(one), model);
    expect(handler.inputs).toEqual([
      [one, two],
      [three, one],
    ]);
    expect(observations.batches).toEqual([3, 4]);
  });

  it('keeps the order: nobody small overtakes who did not fit', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 4, sizeOf } });
    for (const count of [1, 3, 3, 1]) void executor.run(new TestTask(items(count)), model);
    handler.run(0).resolve([0]);
    await settle();
    expect(handler.inputs[1]).toEqual([items(3)]);
    handler.run(1).resolve([0]);
    await settle();
    expect(handler.inputs[2]).toEqual([items(3), items(1)]);
  });

  it('refuses what fits no batch, and serves what just fits', async () => {
    const executor = executorOf((inputs) => inputs, { batch: { maxSize: 4, sizeOf } });
    const refusal = await outcome(executor, new TestTask(items(5)));
    expect(refusal).toMatchObject({ failure: 'PayloadTooLarge' });
    expect(await outcome(executor, new TestTask(items(4)))).toEqual(items(4));
  });

  it('counts an empty input as one', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 2, maxDelay: 100, sizeOf } });
    for (const count of [0, 0, 0]) void executor.run(new TestTask(items(count)), model);
    expect(handler.inputs).toEqual([[[], []]]);
  });

  it.each([NaN, -1, 0.5, Infinity, undefined, '1', {}])(
    'that returns %s fails its own request only',
    async (size) => {
      const executor = executorOf((inputs) => inputs, {
        batch: { sizeOf: (input) => (input === 'bad' ? (size as number) : 1) },
      });
      const bad = outcome(executor, new TestTask('bad'));
      const good = outcome(executor, new TestTask('good'));
      expect(await bad).toMatchObject({ failure: 'Internal' });
      expect(await good).toBe('good');
    },
  );

  it('that gives a promise, which may fail, fails its own request only', async () => {
    const executor = executorOf((inputs) => inputs, {
      batch: { sizeOf: (async () => Promise.reject(new Error('Too late'))) as never },
    });
    expect(await outcome(executor, new TestTask('bad'))).toMatchObject({ failure: 'Internal' });
  });

  it('that throws fails its own request only, with what it threw', async () => {
    const broken = new Error('no size');
    const executor = executorOf((inputs) => inputs, {
      batch: {
        sizeOf(input) {
          if (input === 'bad') throw broken;
          return 1;
        },
      },
    });
    const outcomes = ['bad', 'good'].map((input) => outcome(executor, new TestTask(input)));
    expect(await Promise.all(outcomes)).toEqual([broken, 'good']);
  });
});

describe('maxQueue of a batched endpoint', () => {
  it('counts who waits behind busy slots', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxQueue: 2, batch: { maxSize: 8 } });
    for (const input of ['a', 'b', 'c']) void executor.run(new TestTask(input), model);
    const refusal = await outcome(executor, new TestTask('d'));
    expect(refusal).toMatchObject({ failure: 'QueueFull', retryAfter: 1 });
    expect(executor.queued).toBe(2);
  });

  it('does not count who gathers for a free slot', async () => {
    const handler = new DeferredHandler();
    const batch = { maxSize: 4, maxDelay: 100, sizeOf };
    const executor = executorOf(handler.predict, { maxQueue: 0, batch });
    for (const count of [1, 1, 1]) void executor.run(new TestTask(items(count)), model);
    expect(executor.queued).toBe(3);
    // It overflows the batch that gathers, which therefore starts and takes the only slot.
    const refusal = await outcome(executor, new TestTask(items(2)));
    expect(refusal).toMatchObject({ failure: 'QueueFull' });
    expect(handler.inputs).toEqual([[items(1), items(1), items(1)]]);
    expect(executor.queued).toBe(0);
  });
});
