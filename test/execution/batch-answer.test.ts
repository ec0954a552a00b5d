import { of } from 'rxjs';
import { describe, expect, it, vi } from 'vitest';
import { batchSignal } from '../../src/execution/index.js';
import { DeferredHandler, executorOf, gone, model, outcome, settle, TestTask } from './harness.js';

/** The outcomes of 'a', 'b' and 'c' in one batch. */
async function outcomesOf(
  predict: (inputs: unknown[]) => unknown,
  onBatchError: 'isolate' | 'fail' = 'fail',
): Promise<unknown[]> {
  const executor = executorOf((inputs) => predict(inputs as unknown[]), {
    onBatchError,
    batch: { maxSize: 3, maxDelay: 1000 },
  });
  const outcomes = await Promise.all(
    ['a', 'b', 'c'].map((input) => outcome(executor, new TestTask(input))),
  );
  await settle();
  expect([executor.running, executor.queued]).toEqual([0, 0]);
  return outcomes;
}

const poisoned = new Error('poisoned');
const upper = (input: unknown) => String(input).toUpperCase();

describe('the results of a batch', () => {
  it.each<[string, (inputs: unknown[]) => unknown]>([
    ['an array', (inputs) => inputs.map(upper)],
    ['a promise of an array', async (inputs) => inputs.map(upper)],
    ['an Observable of an array', (inputs) => of([], inputs.map(upper))],
    ['an array of promises', (inputs) => inputs.map(async (input) => upper(input))],
  ])('may be %s', async (_, predict) => {
    expect(await outcomesOf(predict)).toEqual(['A', 'B', 'C']);
  });

  it('may be a typed array', async () => {
    expect(await outcomesOf(() => Float32Array.of(1, 2, 3))).toEqual([1, 2, 3]);
  });

  it.each<[string, (input: unknown) => unknown]>([
    ['an Error', (input) => (input === 'b' ? poisoned : input)],
    ['a promise of an Error', async (input) => (input === 'b' ? poisoned : input)],
    ['a rejected promise', (input) => (input === 'b' ? Promise.reject(poisoned) : input)],
  ])('fail one request by %s', async (_, predict) => {
    expect(await outcomesOf((inputs) => inputs.map(predict))).toEqual(['a', poisoned, 'c']);
  });

  it.each<[string, unknown, string]>([
    ['too few', [1, 2], '2 results'],
    ['too many', [1, 2, 3, 4], '4 results'],
    ['no array', { length: 3 }, 'an object that is no array'],
    ['nothing', undefined, 'undefined'],
    ['null', null, 'null'],
    ['a string', 'abc', 'a string'],
    ['too many, and rejected', 'rejections', '4 results'],
  ])('fail every request when they are %s', async (_, results, described) => {
    const outcomes = await outcomesOf(
      () => (results === 'rejections' ? [1, 2, 3, Promise.reject(poisoned)] : results),
      'isolate',
    );
    expect(outcomes).toHaveLength(3);
    for (const error of outcomes) {
      expect(error).toMatchObject({
        failure: 'Internal',
        message: expect.stringContaining(`batch of 3 got ${described}`),
      });
    }
  });

  it('are not waited for by who is gone, nor is a rejection among them unhandled', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 2, maxDelay: 1000 } });
    const leaving = new TestTask('a');
    const outcomes = [leaving, new TestTask('b')].map((task) => outcome(executor, task));
    const reason = gone();
    leaving.cancel(reason);
    handler.run(0).resolve([Promise.reject(poisoned), 'B']);
    expect(await Promise.all(outcomes)).toEqual([reason, 'B']);
  });
});

describe('a throw', () => {
  const poisonB = (inputs: unknown[]) => {
    if (inputs.includes('b')) throw poisoned;
    return inputs;
  };

  it("runs the items again one by one with 'isolate'", async () => {
    expect(await outcomesOf(poisonB, 'isolate')).toEqual(['a', poisoned, 'c']);
    expect(await outcomesOf(async (inputs) => poisonB(inputs), 'isolate')).toEqual([
      'a',
      poisoned,
      'c',
    ]);
  });

  it("fails every request with 'fail'", async () => {
    expect(await outcomesOf(poisonB, 'fail')).toEqual([poisoned, poisoned, poisoned]);
  });

  it('of a batch of one is not tried again', async () => {
    let runs = 0;
    const executor = executorOf(
      () => {
        runs++;
        throw poisoned;
      },
      { batch: {} },
    );
    expect(await outcome(executor, new TestTask('a'))).toBe(poisoned);
    expect(runs).toBe(1);
  });

  it('isolates within its slot, and only for who still waits', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 4, maxDelay: 1000 } });
    const tasks = ['a', 'b', 'c', 'd'].map((input) => new TestTask(input));
    const outcomes = tasks.map((task) => outcome(executor, task));
    const next = outcome(executor, new TestTask('next'));
    const reason = gone();
    tasks[1]!.cancel(reason);
    handler.run(0).reject(poisoned);
    await settle();
    expect(handler.inputs.slice(1)).toEqual([['a']]);
    tasks[2]!.cancel(reason);
    handler.run(1).resolve(['A']);
    await settle();
    expect(handler.inputs.slice(1)).toEqual([['a'], ['d']]);
    expect([executor.running, executor.queued]).toEqual([1, 1]);
    handler.run(2).resolve(['D']);
    expect(await Promise.all(outcomes)).toEqual(['A', reason, reason, 'D']);
    executor.cancelAll(reason);
    expect(await next).toBe(reason);
  });
});

it('isolation does not start what has expired meanwhile, however late its timer', async () => {
  const handler = new DeferredHandler();
  const executor = executorOf(handler.predict, { batch: { maxSize: 2, maxDelay: 1000 } });
  const expiring = new TestTask('b', 10_000);
  const outcomes = [new TestTask('a'), expiring].map((task) => outcome(executor, task));
  handler.run(0).reject(poisoned);
  await settle();
  const now = vi.spyOn(performance, 'now').mockReturnValue(expiring.deadline);
  handler.run(1).resolve(['A']);
  expect(await Promise.all(outcomes)).toMatchObject(['A', { failure: 'DeadlineExceeded' }]);
  now.mockRestore();
  expect(handler.inputs).toEqual([['a', 'b'], ['a']]);
});

describe('a member that leaves its batch', () => {
  it('aborts its own signal, and the signal of the batch only as the last one', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { batch: { maxSize: 2, maxDelay: 1000 } });
    const tasks = ['a', 'b'].map((input) => new TestTask(input));
    const outcomes = tasks.map((task) => outcome(executor, task));
    const signal = batchSignal(handler.run(0).contexts);
    const [first, last] = [gone(), gone()];

    tasks[0]!.cancel(first);
    expect(tasks.map((task) => task.signal.aborted)).toEqual([true, false]);
    expect(signal.aborted).toBe(false);
    tasks[1]!.cancel(last);
    expect(signal.reason).toBe(last);
    expect(await Promise.all(outcomes)).toEqual([first, last]);

    expect(executor.running).toBe(1);
    handler.run(0).reject(signal.reason);
    await settle();
    expect(executor.running).toBe(0);
    expect(handler.runs).toHaveLength(1);
  });

  it('before the handler asks for a signal counts as gone', () => {
    const tasks = ['a', 'b'].map((input) => new TestTask(input));
    tasks[0]!.cancel(gone());
    const signal = batchSignal(tasks.map(({ context }) => context));
    expect(signal.aborted).toBe(false);
    tasks[1]!.cancel(gone());
    expect(signal.aborted).toBe(true);
    expect(batchSignal(tasks.map(({ context }) => context)).aborted).toBe(true);
  });

  it('does not disturb the others', async () => {
    const executor = executorOf(async (inputs) => inputs, {
      batch: { maxSize: 2, maxDelay: 1000 },
    });
    const leaving = new TestTask('a');
    const reason = gone();
    const outcomes = [outcome(executor, leaving), executor.run(new TestTask('b'), model)];
    leaving.cancel(reason);
    expect(await Promise.all(outcomes)).toEqual([reason, 'b']);
  });
});
