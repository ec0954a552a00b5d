import { expect, test } from 'vitest';
import { stepOf, type Asked } from '../../src/bench/step.js';

const PLAN = { rate: 100, seconds: 10, within: 30_000 };

interface One {
  /** Milliseconds that it went out after it was due. */
  late?: number;
  /** Milliseconds from there to its answer. */
  takes?: number;
  outcome?: string;
}

/** A thousand requests, one each 10 ms. */
function asked(of: (index: number) => One): Asked[] {
  return Array.from({ length: 1_000 }, (_, index) => {
    const { late = 0, takes = 5, outcome = '200' } = of(index);
    const due = index * 10;
    return { due, sent: due + late, ended: due + late + takes, ending: { outcome, words: 'said' } };
  });
}

const step = (of: (index: number) => One, plan = PLAN) => stepOf(plan, 0, asked(of));

test('latency counts from when a request was due, however late it went out', () => {
  const { p50, p99, p999, lateness, verdict } = step(() => ({ late: 40, takes: 5 }));
  expect({ p50, p99, p999, lateness }).toEqual({ p50: 45, p99: 45, p999: 45, lateness: 40 });
  expect(verdict).toBe('kept');
});

test('goodput is that of the second half', () => {
  expect(step(() => ({ takes: 1_000 })).goodput).toBe(100);
  expect(step((index) => ({ outcome: index < 500 ? '200' : '429' })).goodput).toBeLessThan(1);
});

test('what ended early has the goodput of the time that it had', () => {
  const early = asked(() => ({})).slice(0, 100);
  expect(stepOf(PLAN, 0, early, 'connections').goodput).toBeCloseTo(100, -1);
  expect(stepOf(PLAN, 0, [], 'interrupted').goodput).toBe(0);
});

test('a rate is kept where 99 % of its answers are good, and in time', () => {
  const failing = (count: number, one: One) => (index: number) => (index % 100 < count ? one : {});
  expect(step(failing(1, { outcome: '503' }))).toMatchObject({
    verdict: 'kept',
    good: 990,
    failures: { 503: 10 },
    words: { 503: 'said' },
  });
  expect(step(failing(2, { outcome: '503' })).verdict).toBe('failures');
  expect(step(failing(2, { outcome: 'ECONNRESET' })).failures).toEqual({ ECONNRESET: 20 });
  const strict = { ...PLAN, within: 50 };
  expect(step(failing(2, { takes: 51 }), strict)).toMatchObject({
    verdict: 'failures',
    failures: { late: 20 },
  });
  expect(step(failing(2, { takes: 50 }), strict).verdict).toBe('kept');
});

test('a wait that grows says by how much the server falls behind', () => {
  // Nine of ten are answered as fast as they come: the tenth is a second's wait after ten seconds.
  const { drift, verdict } = step((index) => ({ takes: 5 + index }));
  expect(drift).toBeCloseTo(0.1, 5);
  expect(verdict).toBe('backlog');
  expect(step((index) => ({ takes: 5 + index * 0.4 })).verdict).toBe('kept');
  // A long wait that does not grow is none, and neither is a pause.
  expect(step(() => ({ takes: 3_000 })).drift).toBe(0);
  expect(step((index) => ({ takes: index > 900 ? 2_000 : 5 })).drift).toBe(0);
});

test('a server that answers the latest first falls behind as well, though most wait no longer', () => {
  // Two of five are left to wait until all others have been answered.
  const unfair = (share: number) => (index: number) =>
    index % 5 < share ? { takes: 10_000 - index * 10 + 5 * index } : {};
  expect(step(unfair(2))).toMatchObject({ p50: 5, verdict: 'backlog' });
  expect(step(unfair(2)).drift).toBeCloseTo(0.4, 1);
  expect(step(unfair(4)).drift).toBeCloseTo(0.8, 1);
  // Some that take long are none the more for it, and neither is a wait as long as the step.
  expect(step((index) => (index % 5 < 2 ? { takes: 1_000 } : {})).drift).toBe(0);
  expect(step(() => ({ takes: 7_000 })).drift).toBe(0);
});

test('a process that was late itself blames nobody else', () => {
  expect(step((index) => ({ late: index, takes: 5 })).verdict).toBe('generator');
  expect(step((index) => ({ late: 20, takes: 5 + index })).verdict).toBe('backlog');
  const burst = asked(() => ({ late: 200, takes: 50 }));
  expect(stepOf(PLAN, 0, burst, 'connections').verdict).toBe('generator');
  expect(stepOf(PLAN, 0, burst, 'interrupted').verdict).toBe('interrupted');
  const slow = asked(() => ({ takes: 250 }));
  expect(stepOf(PLAN, 0, slow, 'connections').verdict).toBe('connections');
  const strict = { ...PLAN, within: 50 };
  expect(step(() => ({ late: 46, takes: 5 }), strict).verdict).toBe('generator');
  expect(step(() => ({ late: 9, takes: 45 }), strict).verdict).toBe('failures');
  expect(step((index) => (index % 10 === 0 ? { outcome: 'EMFILE' } : {})).verdict).toBe(
    'generator',
  );
});

test('a process that was late itself does not excuse what no burst of its does', () => {
  const late = (outcome: string) => step(() => ({ late: 46, takes: 5, outcome })).verdict;
  expect(['500', '404', 'ECONNREFUSED', 'ECONNRESET'].map(late)).toEqual(Array(4).fill('failures'));
  expect(['429', '503', 'timeout'].map(late)).toEqual(Array(3).fill('generator'));
  const few = step((index) => ({ late: 46, outcome: index % 100 === 0 ? '500' : '429' }));
  expect(few.verdict).toBe('generator');
});

test('few requests, or none, have no drift', () => {
  for (const count of [0, 1, 3]) {
    const few = asked((index) => ({ takes: index * 1_000 })).slice(0, count);
    expect(stepOf(PLAN, 0, few)).toMatchObject({ drift: 0, requests: count, p999: null });
  }
});
