import { describe, expect, it, vi } from 'vitest';
import { ServingError } from '../../src/errors/index.js';
import {
  DeferredHandler,
  executorOf,
  model,
  Observations,
  outcome,
  settle,
  TestTask,
} from './harness.js';

describe('admission', () => {
  it('answers a synchronous handler synchronously, on its receiver', () => {
    const executor = executorOf(function (this: object, input, context) {
      return [this === model, input, context.requestId];
    });
    expect(executor.run(new TestTask('a'), model)).toEqual([true, 'a', 'a']);
    expect(executor.running).toBe(0);
  });

  it('throws synchronously what a synchronous handler throws, and gives the slot back', () => {
    const broken = new Error('broken');
    const executor = executorOf(
      () => {
        throw broken;
      },
      { maxConcurrency: 1, maxQueue: 0 },
    );
    expect(() => executor.run(new TestTask('a'), model)).toThrow(broken);
    expect(() => executor.run(new TestTask('b'), model)).toThrow(broken);
    expect(executor.running).toBe(0);
  });

  it('runs at most maxConcurrency calls and the others in order', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 2 });
    const outcomes = ['a', 'b', 'c', 'd'].map((input) => outcome(executor, new TestTask(input)));
    expect(handler.inputs).toEqual(['a', 'b']);
    expect([executor.running, executor.queued]).toEqual([2, 2]);

    handler.run(1).resolve('B');
    await settle();
    expect(handler.inputs).toEqual(['a', 'b', 'c']);
    handler.run(0).reject(new Error('A'));
    await settle();
    expect(handler.inputs).toEqual(['a', 'b', 'c', 'd']);
    handler.run(2).resolve('C');
    handler.run(3).resolve('D');

    expect(await Promise.all(outcomes)).toEqual([new Error('A'), 'B', 'C', 'D']);
    expect([executor.running, executor.queued]).toEqual([0, 0]);
  });

  it('refuses one more than maxQueue, and tells when to come back', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1, maxQueue: 1 });
    void executor.run(new TestTask('a'), model);
    void executor.run(new TestTask('b'), model);
    const refusal = await outcome(executor, new TestTask('c'));
    expect(refusal).toBeInstanceOf(ServingError);
    expect(refusal).toMatchObject({ failure: 'QueueFull', retryAfter: 1 });
    expect(executor.queued).toBe(1);
  });

  it('takes maxQueue 0 for no waiting, not for no running', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1, maxQueue: 0 });
    const first = outcome(executor, new TestTask('a'));
    expect(await outcome(executor, new TestTask('b'))).toMatchObject({ failure: 'QueueFull' });
    handler.run(0).resolve('A');
    expect(await first).toBe('A');
  });

  it('lets nobody overtake the queue from a listener of a signal', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1 });
    const expiring = new TestTask('expiring', 50);
    const nested: unknown[] = [];
    expiring.signal.addEventListener('abort', () => {
      nested.push(executor.run(new TestTask('nested'), model));
    });
    void executor.run(new TestTask('first'), model);
    const expired = outcome(executor, expiring);
    void executor.run(new TestTask('second'), model);

    // The event loop was busy: the slot falls free before the timer of the deadline fires.
    const now = vi.spyOn(performance, 'now').mockReturnValue(expiring.deadline);
    handler.run(0).resolve(1);
    expect(await expired).toMatchObject({ failure: 'DeadlineExceeded' });
    now.mockRestore();
    expect(handler.inputs).toEqual(['first', 'second']);
    expect(executor.queued).toBe(1);
    handler.run(1).resolve(2);
    await settle();
    expect(handler.inputs).toEqual(['first', 'second', 'nested']);
  });

  it('tells its observer of every wait and every run', async () => {
    const handler = new DeferredHandler();
    const observations = new Observations();
    const executor = executorOf(handler.predict, { maxConcurrency: 1 }, observations);
    const outcomes = ['a', 'b'].map((input) => outcome(executor, new TestTask(input)));
    handler.run(0).resolve(1);
    await settle();
    handler.run(1).resolve(2);
    await Promise.all(outcomes);
    expect(observations.waits).toHaveLength(2);
    expect(observations.waits[0]).toBe(0);
    expect(observations.waits[1]).toBeGreaterThan(0);
    expect(observations.runs).toHaveLength(2);
    expect(observations.batches).toEqual([]);
  });
});
