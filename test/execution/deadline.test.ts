import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeferredHandler, executorOf, model, outcome, settle, TestTask } from './harness.js';

describe('deadline', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('never starts what has expired', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict);
    const late = new TestTask('late', 10);
    vi.advanceTimersByTime(10);
    expect(await outcome(executor, late)).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(handler.runs).toEqual([]);
  });

  it('answers running work, aborts its signal, and keeps its slot until it has ended', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1 });
    const slow = new TestTask('slow', 10);
    const { signal } = slow;
    const answer = outcome(executor, slow);
    const next = outcome(executor, new TestTask('next'));

    vi.advanceTimersByTime(9);
    expect(signal.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(await answer).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(signal.reason).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(executor.running).toBe(1);
    expect(handler.inputs).toEqual(['slow']);

    handler.run(0).reject(new Error('nobody hears of this'));
    await settle();
    expect(handler.inputs).toEqual(['slow', 'next']);
    handler.run(1).resolve('answer');
    expect(await next).toBe('answer');
    expect(executor.running).toBe(0);
  });

  it('takes what expires in the queue out of it at once', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1, maxQueue: 1 });
    const first = outcome(executor, new TestTask('a'));
    const second = outcome(executor, new TestTask('b', 10));
    vi.advanceTimersByTime(10);
    expect(await second).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(executor.queued).toBe(0);
    const third = outcome(executor, new TestTask('c'));
    handler.run(0).resolve('A');
    await first;
    expect(handler.inputs).toEqual(['a', 'c']);
    handler.run(1).resolve('C');
    expect(await third).toBe('C');
  });

  it('does not start from the queue what expired while the event loop was busy', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1 });
    const first = outcome(executor, new TestTask('a'));
    const second = outcome(executor, new TestTask('b', 10));
    const third = outcome(executor, new TestTask('c'));
    const busyUntil = performance.now() + 20;
    vi.spyOn(performance, 'now').mockReturnValue(busyUntil);
    handler.run(0).resolve('A');
    expect(await first).toBe('A');
    expect(await second).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(handler.inputs).toEqual(['a', 'c']);
    handler.run(1).resolve('C');
    expect(await third).toBe('C');
    vi.mocked(performance.now).mockRestore();
  });

  it('holds for a promise that settles too late, where its timer is later still', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict);
    const outcomes = ['a', 'b'].map((input) => outcome(executor, new TestTask(input, 10)));
    const late = performance.now() + 10;
    vi.spyOn(performance, 'now').mockReturnValue(late);
    const failure = new Error('late');
    handler.run(0).resolve('late');
    handler.run(1).reject(failure);
    expect(await Promise.all(outcomes)).toMatchObject([
      { failure: 'DeadlineExceeded' },
      { failure: 'DeadlineExceeded', cause: failure },
    ]);
    vi.mocked(performance.now).mockRestore();
  });

  it('holds for a synchronous answer or throw that comes too late', async () => {
    const executor = executorOf((input) => {
      vi.advanceTimersByTime(10);
      if (input === 'throws') throw new Error('late');
      return 'late';
    });
    for (const input of ['answers', 'throws']) {
      const answer = await outcome(executor, new TestTask(input, 10));
      expect(answer).toMatchObject({ failure: 'DeadlineExceeded' });
    }
  });

  it('leaves no timer behind', async () => {
    const handler = new DeferredHandler();
    const executor = executorOf(handler.predict, { maxConcurrency: 1 });
    const outcomes = ['a', 'b'].map((input) => outcome(executor, new TestTask(input)));
    expect(vi.getTimerCount()).toBe(2);
    handler.run(0).resolve(1);
    await settle();
    handler.run(1).resolve(2);
    await Promise.all(outcomes);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sets no timer for a synchronous answer', () => {
    const executor = executorOf(() => 'answer');
    executor.run(new TestTask('a'), model);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a deadline beyond the longest timer does not fire at once', async () => {
  const handler = new DeferredHandler();
  const executor = executorOf(handler.predict);
  const answer = outcome(executor, new TestTask('a', 2 ** 40));
  await new Promise((resolve) => setTimeout(resolve, 5));
  handler.run(0).resolve('A');
  expect(await answer).toBe('A');
});
