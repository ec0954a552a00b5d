import { AsyncLocalStorage } from 'node:async_hooks';
import { Observable, of, defer } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { batchSignal } from '../../src/execution/index.js';
import { executorOf, gone, model, settle, TestTask } from './harness.js';
import type { PredictContext } from '../../src/execution/index.js';

const user = new AsyncLocalStorage<string>();
const seen = () => user.getStore();

/** Runs a task as a request of somebody's. */
const runAs = (name: string, executor: ReturnType<typeof executorOf>, task = new TestTask(name)) =>
  user.run(name, async () => executor.run(task, model));

describe('the async context of a handler', () => {
  it('is its own after waiting for another one to end', async () => {
    const releases: (() => void)[] = [];
    const executor = executorOf(
      async () => {
        const before = seen();
        await new Promise<void>((resolve) => releases.push(resolve));
        return [before, seen()];
      },
      { maxConcurrency: 1 },
    );
    const answers = ['ann', 'bob', 'eve'].map((name) => runAs(name, executor));
    for (let run = 0; run < 3; run++) {
      releases[run]!();
      await settle();
    }
    expect(await Promise.all(answers)).toEqual([
      ['ann', 'ann'],
      ['bob', 'bob'],
      ['eve', 'eve'],
    ]);
  });

  it('is its own where the one before it has thrown, or its request is given up', async () => {
    let end!: (error: Error) => void;
    const executor = executorOf(
      (input) => (input === 'ann' ? new Promise((_, reject) => (end = reject)) : seen()),
      { maxConcurrency: 1 },
    );
    const first = runAs('ann', executor);
    const second = runAs('bob', executor);
    const failed = expect(first).rejects.toThrow('ended');
    user.run('eve', () => end(new Error('ended')));
    await failed;
    expect(await second).toBe('bob');
  });

  it('is where an Observable is subscribed to, and where it is told to stop', async () => {
    const stops: unknown[] = [];
    let release!: () => void;
    const executor = executorOf(
      (input) => {
        if (input === 'ann') return new Promise<void>((resolve) => (release = resolve));
        if (input === 'bob') return defer(() => of(seen()));
        return new Observable(() => () => stops.push(seen()));
      },
      { maxConcurrency: 1 },
    );
    const first = runAs('ann', executor);
    const second = runAs('bob', executor);
    const leaving = new TestTask('eve');
    const third = runAs('eve', executor, leaving);
    const cancelled = expect(third).rejects.toMatchObject({ failure: 'Cancelled' });
    release();
    await first;
    expect(await second).toBe('bob');
    await settle();
    user.run('mallory', () => leaving.cancel(gone()));
    await cancelled;
    expect(stops).toEqual(['eve']);
  });

  it('is where listeners to its signal are called, whoever aborts', async () => {
    const heard: unknown[] = [];
    const executor = executorOf((_, { signal }: PredictContext) => {
      signal.addEventListener('abort', () => heard.push(seen()));
      return new Promise(() => {});
    });
    const task = new TestTask('ann');
    const answer = expect(runAs('ann', executor, task)).rejects.toThrow();
    user.run('bob', () => task.cancel(gone()));
    await answer;
    const other = expect(runAs('eve', executor)).rejects.toThrow();
    user.run('bob', () => executor.cancelAll(gone()));
    await other;
    expect(heard).toEqual(['ann', 'eve']);
  });
});

describe('the async context of a batch', () => {
  const predict = (async (_: unknown[], contexts: PredictContext[]) => {
    const before = seen();
    await settle();
    return contexts.map((context) => [before, seen(), context.run(seen)]);
  }) as never;

  it('is none of its members, also alone, and each of theirs can be entered', async () => {
    const executor = executorOf(predict, { batch: { maxSize: 8 } });
    const alone = runAs('ann', executor);
    const together = ['bob', 'eve'].map((name) => runAs(name, executor));
    expect(await alone).toEqual([undefined, undefined, 'ann']);
    expect(await Promise.all(together)).toEqual([
      [undefined, undefined, 'bob'],
      [undefined, undefined, 'eve'],
    ]);
  });

  it('is none of its members where a timer, a full batch or isolation starts it', async () => {
    const delayed = executorOf(predict, { batch: { maxSize: 2, maxDelay: 5 } });
    expect(await runAs('ann', delayed)).toEqual([undefined, undefined, 'ann']);
    const full = await Promise.all(['bob', 'eve'].map((name) => runAs(name, delayed)));
    expect(full.flat().filter((name) => name !== undefined)).toEqual(['bob', 'eve']);

    const picky = executorOf(
      ((inputs: unknown[]) => {
        if (inputs.length > 1) throw new Error('too many');
        return [String(seen())];
      }) as never,
      { batch: { maxSize: 2, maxDelay: 1_000 } },
    );
    const isolated = await Promise.all(['bob', 'eve'].map((name) => runAs(name, picky)));
    expect(isolated).toEqual(['undefined', 'undefined']);
  });

  it('is where an Observable is subscribed to, told to stop, and the signal of the batch heard', async () => {
    const heard: unknown[] = [];
    const executor = executorOf(
      ((_: unknown[], contexts: PredictContext[]) => {
        batchSignal(contexts).addEventListener('abort', () => heard.push(['signal', seen()]));
        return new Observable(() => {
          heard.push(['subscribed', seen()]);
          return () => heard.push(['stopped', seen()]);
        });
      }) as never,
      { batch: {} },
    );
    const task = new TestTask('ann');
    const answer = expect(runAs('ann', executor, task)).rejects.toThrow();
    user.run('bob', () => task.cancel(gone()));
    await answer;
    expect(heard).toHaveLength(3);
    expect(heard).toEqual(
      expect.arrayContaining([
        ['subscribed', undefined],
        ['stopped', undefined],
        ['signal', undefined],
      ]),
    );
  });
});
