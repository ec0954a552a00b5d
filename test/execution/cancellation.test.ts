import { describe, expect, it, vi } from 'vitest';
import { ServingError } from '../../src/errors/index.js';
import { DeferredHandler, executorOf, gone, model, outcome, settle, TestTask } from './harness.js';

describe('cancellation', () => {
  it('refuses a task that was cancelled before', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict);
    const task = new TestTask('a');
    const reason = gone();
    task.cancel(reason);
    expect(await outcome(executor, task)).toBe(reason);
    expect(handler.runs).toEqual([]);
  });

  it('takes a waiting task out of the queue at once, and never starts it', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1 });
    const tasks = ['a', 'b', 'c'].map((input) => new TestTask(input));
    const outcomes = tasks.map((task) => outcome(executor, task));
    const reason = gone();
    tasks[1]!.cancel(reason);
    expect(executor.queued).toBe(1);
    expect(await outcomes[1]).toBe(reason);
    handler.run(0).resolve('A');
    await settle();
    expect(handler.inputs).toEqual(['a', 'c']);
    handler.run(1).resolve('C');
    expect(await Promise.all(outcomes)).toEqual(['A', reason, 'C']);
  });

  it('answers a running task, aborts its signal, and keeps its slot until it has ended', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict);
    const task = new TestTask('a');
    const { signal } = task;
    const answer = outcome(executor, task);
    const reason = gone();
    task.cancel(reason);
    expect(await answer).toBe(reason);
    expect(signal.reason).toBe(reason);
    expect(executor.running).toBe(1);
    handler.run(0).resolve('nobody hears of this');
    await settle();
    expect(executor.running).toBe(0);
  });

  it('settles a task that its own handler cancels before it returns a promise', async () => {
    const task = new TestTask('a');
    const reason = gone();
    const executor = executorOf(async () => {
      task.cancel(reason);
    });
    expect(await outcome(executor, task)).toBe(reason);
    await settle();
    expect(executor.running).toBe(0);
  });

  it('hands a handler that reads the signal late one that is aborted', () => {
    const task = new TestTask('a');
    const reason = gone();
    task.cancel(reason);
    task.cancel(gone());
    expect(task.signal.reason).toBe(reason);
    expect(task.cancellation).toBe(reason);
  });

  it.each([{ batch: undefined }, { batch: { maxSize: 2 } }])(
    'cancelAll fails what waits and what runs, and starts nothing ($batch)',
    async ({ batch }) => {
      const handler = new DeferredHandler();
      const executor = executorOf(handler.predict, { maxConcurrency: 1, batch });
      const tasks = ['a', 'b', 'c'].map((input) => new TestTask(input));
      const { signal } = tasks[0]!;
      const outcomes = tasks.map((task) => outcome(executor, task));
      const begun = new ServingError('Unavailable', 'Shutting down');
      const waiting = new ServingError('Unavailable', 'Shutting down', { retryAfter: 1 });
      executor.cancelAll(begun, waiting);
      expect((await Promise.all(outcomes)).map((error) => error === begun)).toEqual([
        true,
        false,
        false,
      ]);
      expect(await outcomes[1]).toBe(waiting);
      expect(await outcomes[2]).toBe(waiting);
      expect(signal.reason).toBe(begun);
      expect([executor.running, executor.queued]).toEqual([1, 0]);

      handler.run(0).reject(new Error('aborted'));
      await settle();
      expect(handler.runs).toHaveLength(1);
      expect(executor.running).toBe(0);
      void outcome(executor, new TestTask('d'));
      expect(handler.runs).toHaveLength(2);
    },
  );

  it('lets go of a task once it is settled', async () => {
    const executor = executorOf(async () => 'answer');
    const task = new TestTask('a');
    const onCancel = vi.spyOn(task, 'onCancel');
    expect(await executor.run(task, model)).toBe('answer');
    expect(onCancel).toHaveBeenLastCalledWith(undefined);
  });
});
