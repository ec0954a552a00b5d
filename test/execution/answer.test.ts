/* oxlint-disable unicorn/no-thenable -- a thenable is what these are about */
import { EMPTY, from, Observable, of, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { executorOf, gone, outcome, settle, TestTask } from './harness.js';

const failure = new Error('failure');

describe.each([{ kind: 'a free slot' }, { kind: 'the queue' }])(
  'an answer from $kind',
  ({ kind }) => {
    /** What a handler's return value comes to. */
    async function answerTo(predict: () => unknown): Promise<unknown> {
      let release!: () => void;
      const held = new Promise<void>((resolve) => (release = resolve));
      const executor = executorOf((input) => (input === 'held' ? held : predict()), {
        maxConcurrency: 1,
      });
      const first = kind === 'the queue' ? outcome(executor, new TestTask('held')) : undefined;
      const answer = outcome(executor, new TestTask('a'));
      release();
      await first;
      const value = await answer;
      await settle();
      expect(executor.running).toBe(0);
      return value;
    }

    const thrower = () => {
      throw failure;
    };

    it.each<[string, () => unknown, unknown]>([
      ['a value', () => 1, 1],
      ['null', () => null, null],
      ['nothing', () => undefined, undefined],
      ['a throw', thrower, failure],
      ['a promise', async () => 1, 1],
      ['a rejection', async () => thrower(), failure],
      ['a thenable', () => ({ then: (ok: (value: number) => void) => ok(1) }), 1],
      [
        'a thenable that answers twice and then throws',
        () => ({
          then(ok: (value: number) => void, fail: (error: Error) => void) {
            ok(1);
            fail(failure);
            throw failure;
          },
        }),
        1,
      ],
      [
        'an object whose `then` cannot be read',
        () => Object.defineProperty({}, 'then', { get: thrower }),
        failure,
      ],
      ["an Observable's last value", () => of(1, 2, 3), 3],
      [
        "an Observable's last value, later",
        () => from([Promise.resolve(1)].values().next().value!),
        1,
      ],
      ['an empty Observable', () => EMPTY, undefined],
      ['an Observable that fails', () => throwError(() => failure), failure],
    ])('may be %s', async (_, predict, expected) => {
      expect(await answerTo(predict)).toBe(expected);
    });
  },
);

it.each([{ batch: undefined }, { batch: {} }])(
  'unsubscribes from an Observable that nobody waits for, which ends it ($batch)',
  async ({ batch }) => {
    let torn = 0;
    const executor = executorOf(
      () =>
        new Observable(() => () => {
          torn++;
          throw failure;
        }),
      { batch },
    );
    const task = new TestTask('a');
    const answer = outcome(executor, task);
    expect(torn).toBe(0);
    const reason = gone();
    task.cancel(reason);
    expect(torn).toBe(1);
    expect(await answer).toBe(reason);
    await settle();
    expect(executor.running).toBe(0);
  },
);

it.each([{ batch: undefined }, { batch: {} }])(
  'unsubscribes at once where nobody waits any more when the handler returns ($batch)',
  async ({ batch }) => {
    const task = new TestTask('a');
    const reason = gone();
    let torn = 0;
    const executor = executorOf(
      () => {
        task.cancel(reason);
        return new Observable(() => () => torn++);
      },
      { batch },
    );
    expect(await outcome(executor, task)).toBe(reason);
    await settle();
    expect(torn).toBe(1);
    expect(executor.running).toBe(0);
  },
);
