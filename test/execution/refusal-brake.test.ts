import { AsyncLocalStorage } from 'node:async_hooks';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServingError } from '../../src/errors/index.js';
import { RefusalBrake } from '../../src/execution/index.js';
import { gone, TestTask } from './harness.js';

const full = new ServingError('QueueFull', 'Too many requests', { retryAfter: 1 });

/** How late the event loop is, beyond the clock of the test. */
let late: number;
beforeEach(() => {
  late = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + late);
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** Lets time pass; the loop has been busy for `busy` milliseconds of it. */
function pass(milliseconds: number, busy = 0): void {
  late += busy;
  vi.advanceTimersByTime(milliseconds);
}

/** A brake whose loop has been seen to lag. */
function lagging(): RefusalBrake {
  const brake = new RefusalBrake();
  for (let looks = 0; looks < 5; looks++) {
    refuse(brake, 20);
    pass(5, 50);
  }
  brake.release();
  return brake;
}

/** Refuses so many and notes who has been told what. */
function refuse(brake: RefusalBrake, count: number, timeout?: number) {
  const told: unknown[] = [];
  const tasks = Array.from({ length: count }, (_, n) => new TestTask(n, timeout));
  for (const task of tasks) {
    brake.hold(task, full, (error) => told.push(error === full ? task.input : error));
  }
  return { tasks, told };
}

describe('RefusalBrake', () => {
  it('tells at once while the event loop is in time, however many it refuses', () => {
    const brake = new RefusalBrake();
    for (let n = 0; n < 100; n++) {
      expect(refuse(brake, 100).told).toHaveLength(100);
      pass(1);
    }
    expect(brake.held).toBe(0);
  });

  it('tells at once where the loop lags for something else than the few it refuses', () => {
    const brake = new RefusalBrake();
    for (let n = 0; n < 100; n++) {
      expect(refuse(brake, 16).told).toHaveLength(16);
      pass(5, 50);
    }
    expect(brake.held).toBe(0);
  });

  it('holds refusals once the loop lags, and lets them out a few at a time, in order', () => {
    const brake = lagging();
    const { told } = refuse(brake, 200);
    expect(told).toEqual([]);
    expect(brake.held).toBe(200);
    pass(5, 50);
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThan(50);
    expect(told).toEqual([...told.keys()]);
    expect(brake.held).toBe(200 - told.length);
  });

  it('holds none for longer than 100 ms, also where the loop goes on lagging', () => {
    const brake = lagging();
    const { told } = refuse(brake, 200);
    for (let waited = 0; waited < 100; waited += 5) pass(5, 3);
    expect(told).toEqual([...Array(200).keys()]);
    expect(brake.held).toBe(0);
  });

  it('holds none beyond its deadline', () => {
    const brake = lagging();
    const { told: others } = refuse(brake, 100);
    const { told } = refuse(brake, 1, 10);
    pass(5);
    pass(5);
    expect(told).toEqual([0]);
    expect(others.length).toBeLessThan(100);
  });

  it('holds no more than 4,096: the next is told at once', () => {
    const brake = lagging();
    expect(refuse(brake, 4096).told).toEqual([]);
    expect(refuse(brake, 3).told).toEqual([0, 1, 2]);
    expect(brake.held).toBe(4096);
  });

  it('tells all at once when the loop has caught up, and leaves no timer', () => {
    const brake = lagging();
    for (let looks = 0; looks < 100; looks++) pass(5);
    expect(refuse(brake, 10).told).toHaveLength(10);
    pass(5);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tells who has gone so, and holds it no longer', () => {
    const brake = lagging();
    const { tasks, told } = refuse(brake, 3);
    const reason = gone();
    tasks[1]!.cancel(reason);
    expect(told).toEqual([reason]);
    expect(brake.held).toBe(2);
    brake.release();
    expect(told).toEqual([reason, 0, 2]);
  });

  it('does not hold who has gone already', () => {
    const brake = lagging();
    const task = new TestTask('a');
    task.cancel(gone());
    const tell = vi.fn();
    brake.hold(task, full, tell);
    expect(tell).toHaveBeenCalledTimes(1);
    expect(brake.held).toBe(0);
  });

  it('holds nothing but what finds a full queue', () => {
    const brake = lagging();
    const other = new ServingError('InvalidRequest', 'No text');
    const tell = vi.fn();
    brake.hold(new TestTask('a'), other, tell);
    expect(tell.mock.calls).toEqual([[other]]);
  });

  it('tells each in the async context it came in', () => {
    const brake = lagging();
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    for (const name of ['one', 'two']) {
      storage.run(name, () =>
        brake.hold(new TestTask(name), full, () => seen.push([name, storage.getStore()])),
      );
    }
    storage.run('other', () => brake.release());
    expect(seen).toEqual([
      ['one', 'one'],
      ['two', 'two'],
    ]);
  });

  it('loses none, tells none twice, and holds no more than it may, whatever happens', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('refuse' as const), count: fc.nat({ max: 2500 }) }),
      fc.record({ do: fc.constant('pass' as const), busy: fc.constantFrom(0, 0, 1, 3, 50) }),
      fc.record({ do: fc.constant('leave' as const), which: fc.nat() }),
      fc.constant({ do: 'release' as const }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const brake = new RefusalBrake();
        const waiting = new Set<TestTask>();
        let refused = 0;
        let told = 0;
        for (const step of actions) {
          if (step.do === 'refuse') {
            for (let n = 0; n < step.count; n++) {
              const task = new TestTask(refused++);
              waiting.add(task);
              brake.hold(task, full, () => {
                told++;
                waiting.delete(task);
              });
            }
          } else if (step.do === 'pass') {
            pass(5, step.busy);
          } else if (step.do === 'leave') {
            [...waiting][step.which % (waiting.size || 1)]?.cancel(gone());
          } else {
            brake.release();
            expect(brake.held).toBe(0);
          }
          expect(brake.held).toBe(waiting.size);
          expect(brake.held).toBeLessThanOrEqual(4096);
          expect(told).toBe(refused - waiting.size);
        }
        for (let looks = 0; looks < 200; looks++) pass(5);
        expect([brake.held, told, vi.getTimerCount()]).toEqual([0, refused, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
