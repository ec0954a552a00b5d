import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SingleFlight, type Flight } from '../../src/cache/index.js';
import { ServingError } from '../../src/errors/index.js';
import { TestTask } from './task.js';

const TIMEOUT = 30_000;
const gone = () => new ServingError('Cancelled', 'The client has gone');

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A run that ends when the test says so, and what it was given. */
function makeRun() {
  let resolve!: (value: unknown) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise((...settle) => ([resolve, reject] = settle));
  const run = vi.fn<(flight: Flight) => Promise<unknown>>(() => promise);
  return { run, resolve, reject, flight: () => run.mock.calls[0]![0] };
}

function takeOff(leader = new TestTask({ a: 1 }, TIMEOUT)) {
  const flights = new SingleFlight();
  const { run, ...rest } = makeRun();
  const leading = flights.start('key', leader, TIMEOUT, run) as Promise<unknown>;
  const join = (task = new TestTask({ a: 1 }, TIMEOUT)) => {
    const joined = flights.find('key')!.join(task);
    joined.catch(() => {}); // looked at later
    return { task, joined };
  };
  leading.catch(() => {});
  return { flights, leader, leading, run, join, ...rest };
}

describe('identical calls', () => {
  it('share one execution and its result', async () => {
    const { flights, leading, run, join, resolve } = takeOff();
    const others = [join(), join()];
    resolve('answer');
    expect(await Promise.all([leading, ...others.map(({ joined }) => joined)])).toEqual([
      'answer',
      'answer',
      'answer',
    ]);
    expect(run).toHaveBeenCalledTimes(1);
    expect(flights.find('key')).toBeUndefined();
    expect(flights.size).toBe(0);
  });

  it('share an error, which is not kept', async () => {
    const { flights, leading, join, reject } = takeOff();
    const { joined } = join();
    const error = new Error('no');
    reject(error);
    await expect(leading).rejects.toBe(error);
    await expect(joined).rejects.toBe(error);
    expect(flights.find('key')).toBeUndefined();
  });

  it('do not share with others', () => {
    const { flights } = takeOff();
    expect(flights.find('other')).toBeUndefined();
  });

  it('give the execution the input and context of the first, but a signal of its own', async () => {
    const { leader, flight, resolve } = takeOff(new TestTask({ a: 1 }, 1_000));
    expect(flight().input).toBe(leader.input);
    expect(flight().context).toMatchObject({
      requestId: 'leader',
      headers: leader.context.headers,
    });
    expect(flight().context.log).toBe(leader.context.log);
    expect(flight().context.signal).not.toBe(leader.context.signal);
    expect(flight().context.deadline).toBe(
      Math.round(performance.timeOrigin + performance.now() + TIMEOUT),
    );
    resolve(1);
  });
});

describe('a run that ends at once', () => {
  it('is returned at once', () => {
    const flights = new SingleFlight();
    expect(flights.start('key', new TestTask(1, TIMEOUT), TIMEOUT, () => 'answer')).toBe('answer');
    expect(flights.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may throw', () => {
    const flights = new SingleFlight();
    const error = new Error('no');
    const run = () => {
      throw error;
    };
    expect(() => flights.start('key', new TestTask(1, TIMEOUT), TIMEOUT, run)).toThrow(error);
    expect(flights.size).toBe(0);
  });

  it('may come too late', () => {
    const run = () => vi.advanceTimersByTime(11);
    expect(() => new SingleFlight().start('key', new TestTask(1, 10), TIMEOUT, run)).toThrow(
      expect.objectContaining({ failure: 'DeadlineExceeded' }),
    );
  });
});

describe('a call that leaves', () => {
  it('does not disturb the others', async () => {
    const { leader, leading, join, flight, resolve } = takeOff();
    const { signal } = flight().context;
    const [one, other] = [join(), join()];
    leader.cancel(gone());
    await expect(leading).rejects.toMatchObject({ failure: 'Cancelled' });
    one.task.cancel(gone());
    await expect(one.joined).rejects.toMatchObject({ failure: 'Cancelled' });
    expect(signal.aborted).toBe(false);
    expect(flight().cancellation).toBeUndefined();
    resolve('answer');
    expect(await other.joined).toBe('answer');
  });

  it('ends the execution if it is the last', async () => {
    const { flights, leader, leading, join, flight, reject } = takeOff();
    const cancelled = vi.fn();
    flight().onCancel(cancelled);
    const { signal } = flight().context;
    const { task, joined } = join();
    task.cancel(gone());
    expect(cancelled).not.toHaveBeenCalled();
    leader.cancel(gone());
    expect(cancelled).toHaveBeenCalledTimes(1);
    expect(signal.aborted).toBe(true);
    await expect(Promise.all([leading, joined])).rejects.toMatchObject({ failure: 'Cancelled' });
    // Whoever comes now starts anew, and is not disturbed when the old run ends.
    expect(flights.find('key')).toBeUndefined();
    const next = makeRun();
    const fresh = flights.start('key', new TestTask({ a: 1 }, TIMEOUT), TIMEOUT, next.run);
    reject(new Error('aborted'));
    await vi.advanceTimersByTimeAsync(0);
    expect(flights.find('key')).toBe(next.flight());
    next.resolve('fresh');
    expect(await fresh).toBe('fresh');
    expect(flights.size).toBe(0);
  });

  it('leaves no timer and no listener behind', async () => {
    const { leader, leading, join, resolve } = takeOff();
    const { task, joined } = join();
    task.cancel(gone());
    await expect(joined).rejects.toThrow();
    resolve('answer');
    await leading;
    leader.cancel(gone());
    expect(await leading).toBe('answer');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a deadline', () => {
  it('is each call’s own', async () => {
    const { leading, join, flight, resolve } = takeOff(new TestTask({ a: 1 }, 100));
    const { joined } = join(new TestTask({ a: 1 }, 1_000));
    await vi.advanceTimersByTimeAsync(101);
    await expect(leading).rejects.toMatchObject({ failure: 'DeadlineExceeded' });
    expect(flight().cancellation).toBeUndefined();
    await vi.advanceTimersByTimeAsync(800);
    resolve('answer');
    expect(await joined).toBe('answer');
  });

  it('ends the execution if nobody is left', async () => {
    const { leading, join, flight } = takeOff(new TestTask({ a: 1 }, 100));
    const { joined } = join(new TestTask({ a: 1 }, 200));
    await vi.advanceTimersByTimeAsync(201);
    await expect(leading).rejects.toMatchObject({ failure: 'DeadlineExceeded' });
    await expect(joined).rejects.toMatchObject({ failure: 'DeadlineExceeded' });
    expect(flight().cancellation).toMatchObject({ failure: 'DeadlineExceeded' });
  });

  it('that has passed starts and joins nothing', async () => {
    const { flights, run, join, resolve, leading } = takeOff();
    const late = new TestTask({ a: 1 }, 0);
    expect(() => flights.start('other', late, TIMEOUT, run)).toThrow(
      expect.objectContaining({ failure: 'DeadlineExceeded' }),
    );
    const left = new TestTask({ a: 1 }, TIMEOUT);
    left.cancel(gone());
    expect(() => flights.start('other', left, TIMEOUT, run)).toThrow(left.cancellation);
    expect(run).toHaveBeenCalledTimes(1);
    await expect(join(late).joined).rejects.toMatchObject({ failure: 'DeadlineExceeded' });
    await expect(join(left).joined).rejects.toBe(left.cancellation);
    resolve('answer');
    expect(await leading).toBe('answer');
  });
});

describe('a leader cancelled while its run begins', () => {
  it('ends the execution', async () => {
    const flights = new SingleFlight();
    const leader = new TestTask({ a: 1 }, TIMEOUT);
    const { run, flight } = makeRun();
    run.mockImplementation(() => {
      leader.cancel(gone());
      return new Promise(() => {});
    });
    await expect(flights.start('key', leader, TIMEOUT, run)).rejects.toBe(leader.cancellation);
    expect(flight().cancellation).toBe(leader.cancellation);
    expect(flights.find('key')).toBeUndefined();
  });
});

describe('calls that want a run of their own time', () => {
  /** Calls that wait for the flight after `takeOff`'s, each with what it would run. */
  function wait(flights: SingleFlight, count: number, timeout = TIMEOUT) {
    return Array.from({ length: count }, () => {
      const task = new TestTask({ a: 1 }, timeout);
      const { run, flight, ...rest } = makeRun();
      const answer = flights.startNext('key', task, TIMEOUT, run);
      answer.catch(() => {}); // looked at later
      return { task, run, answer, flight, ...rest };
    });
  }
  const settle = () => vi.advanceTimersByTimeAsync(0);

  it.each(['succeeds', 'fails'])('share one that starts when the other %s', async (end) => {
    const { flights, leading, resolve, reject } = takeOff();
    const [first, second, third] = wait(flights, 3);
    await settle();
    expect(first!.run).not.toHaveBeenCalled();
    if (end === 'fails') reject(new Error('no'));
    else resolve('old');
    await leading.catch(() => {});
    expect(first!.run).toHaveBeenCalledTimes(1);
    expect(flights.size).toBe(1);
    // Who comes now shares it, too, or waits for the one after it.
    const joined = flights.find('key')!.join(new TestTask({ a: 1 }, TIMEOUT));
    const [later] = wait(flights, 1);
    first!.resolve('new');
    const answers = await Promise.all([first!, second!, third!].map(({ answer }) => answer));
    expect([...answers, await joined]).toEqual(['new', 'new', 'new', 'new']);
    expect(second!.run).not.toHaveBeenCalled();
    expect(later!.run).toHaveBeenCalledTimes(1);
    later!.resolve('newest');
    expect(await later!.answer).toBe('newest');
    expect(flights.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('share one that ends at once, or throws', async () => {
    for (const outcome of ['new', new Error('no')]) {
      const { flights, resolve } = takeOff();
      const waiting = wait(flights, 3);
      waiting[0]!.run.mockImplementation((): any => {
        if (outcome instanceof Error) throw outcome;
        return outcome;
      });
      resolve('old');
      const answers = await Promise.allSettled(waiting.map(({ answer }) => answer));
      expect(answers.map((one: any) => one.value ?? one.reason)).toEqual(Array(3).fill(outcome));
      expect(waiting.flatMap(({ run }) => run.mock.calls)).toHaveLength(1);
      expect(flights.size).toBe(0);
    }
  });

  it('keep their deadlines and may leave; the first one left starts', async () => {
    const { flights, leader, leading, resolve } = takeOff(new TestTask({ a: 1 }, TIMEOUT * 2));
    const [hurried] = wait(flights, 1, 100);
    const [leaver, stayer] = wait(flights, 2);
    await vi.advanceTimersByTimeAsync(101);
    await expect(hurried!.answer).rejects.toMatchObject({ failure: 'DeadlineExceeded' });
    leaver!.task.cancel(gone());
    await expect(leaver!.answer).rejects.toBe(leaver!.task.cancellation);
    expect(leader.cancellation).toBeUndefined();
    resolve('old');
    expect(await leading).toBe('old');
    expect(hurried!.run).not.toHaveBeenCalled();
    expect(leaver!.run).not.toHaveBeenCalled();
    expect(stayer!.flight().input).toBe(stayer!.task.input);
    expect(stayer!.flight().deadline).toBe(performance.now() + TIMEOUT);
    stayer!.task.cancel(gone());
    await expect(stayer!.answer).rejects.toBe(stayer!.task.cancellation);
    expect(stayer!.flight().cancellation).toBe(stayer!.task.cancellation);
    expect(flights.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('start nothing when all of them have left', async () => {
    const { flights, leading, resolve } = takeOff();
    const waiting = wait(flights, 2);
    for (const { task } of waiting) task.cancel(gone());
    resolve('old');
    await leading;
    expect(waiting.flatMap(({ run }) => run.mock.calls)).toEqual([]);
    expect(flights.size).toBe(0);
    const [next] = wait(flights, 1);
    next!.task.cancel(gone());
    await expect(next!.answer).rejects.toBe(next!.task.cancellation);
  });

  it('start when the other flight is given up, though its run goes on', async () => {
    const { flights, leader, leading, resolve } = takeOff();
    const [waiting] = wait(flights, 1);
    leader.cancel(gone());
    await expect(leading).rejects.toBe(leader.cancellation);
    expect(waiting!.run).toHaveBeenCalledTimes(1);
    resolve('old');
    await settle();
    expect(flights.find('key')).toBe(waiting!.flight());
    waiting!.resolve('new');
    expect(await waiting!.answer).toBe('new');
  });

  it('can be failed together, so that nothing starts any more', async () => {
    const { flights, reject, leading } = takeOff();
    const waiting = wait(flights, 2);
    const reason = new ServingError('Unavailable', 'The server is shutting down');
    flights.cancelWaiting(reason);
    reject(reason);
    await expect(leading).rejects.toBe(reason);
    for (const { answer, run } of waiting) {
      await expect(answer).rejects.toBe(reason);
      expect(run).not.toHaveBeenCalled();
    }
    expect(flights.size).toBe(0);
  });

  it('start in the async context of the one that starts', async () => {
    const storage = new AsyncLocalStorage<string>();
    const { flights, resolve } = storage.run('old', () => takeOff());
    const seen: unknown[] = [];
    const answer = storage.run('new', () =>
      flights.startNext('key', new TestTask({ a: 1 }, TIMEOUT), TIMEOUT, async () => {
        seen.push(storage.getStore());
        await undefined;
        seen.push(storage.getStore());
      }),
    );
    storage.run('nobody', () => resolve('old'));
    await answer;
    expect(seen).toEqual(['new', 'new']);
  });
});
