import { expect, test } from 'vitest';
import { findingsOf, tellingStep } from '../../src/bench/findings.js';
import type { SeenStep } from '../../src/bench/load-test.js';
import type { Spread } from '../../src/bench/scrape.js';
import { serverViewOf, type ServerView } from '../../src/bench/server-view.js';
import { stepOf } from '../../src/bench/step.js';
import { Scrape } from '../../src/bench/scrape.js';

const spread = (mean: number): Spread => ({ count: 100, mean, p99: 2 * mean });

const IDLE: ServerView = {
  endpoint: '/x',
  outcomes: { ok: 100 },
  queue: spread(0.1),
  run: spread(20),
  runsAtOnce: 2,
  cache: {},
  loopLag: 1,
  cores: 0.1,
};

/** What is said of a step of 400 requests a second, as `part: next`. */
function said(server: Partial<ServerView>, goodput = 200): string[] {
  const step = { ...stepOf({ rate: 400, seconds: 1, within: 1 }, 0, []), goodput };
  const findings = findingsOf({ ...step, server: { ...IDLE, ...server } });
  return findings.map(({ part, next = 'nothing' }) => `${part}: ${next}`);
}

const queue = spread(100);

test('a server that has time left is held back by nothing', () => {
  expect(said({})).toEqual([]);
  expect(said({ cache: { miss: 100 } })).toEqual([]);
});

test('where the processor waits too, slots are missing: as many as Little says, at least', () => {
  const slots = (runsAtOnce: number) => said({ queue, runsAtOnce });
  expect(slots(2)).toEqual([
    'queue: maxConcurrency 8, if the model waits for something that takes that many; threads, if it computes',
  ]);
  expect(slots(7.9)).toEqual([
    'queue: maxConcurrency 16, if the model waits for something that takes that many; threads, if it computes',
  ]);
});

test('where not even one slot was always taken, none is missing', () => {
  expect(said({ queue, runsAtOnce: 0.5 })).toEqual([]);
});

test('what the server has not seen is said to be outside', () => {
  const seen = (
    p99: number,
    verdict: SeenStep['verdict'] = 'backlog',
    more: Partial<ServerView> = {},
  ) => {
    const step = { ...stepOf({ rate: 400, seconds: 1, within: 1 }, 0, []), p99: 500, verdict };
    const server = { ...IDLE, request: { count: 1, mean: 1, p99 }, ...more };
    return findingsOf({ ...step, server }).map(({ part }) => part);
  };
  expect(seen(20)).toEqual(['outside']);
  expect(seen(400)).toEqual([]);
  expect(seen(20, 'kept')).toEqual([]);
  // Requests that no busy event loop has read yet are the loop's.
  expect(seen(20, 'backlog', { loopLag: 90, cores: 1 })).toEqual(['loop']);
});

test('where it computes, more slots are no help', () => {
  expect(said({ queue, cores: 2 })).toEqual([
    'queue: more threads or workers where the machine has idle cores, or batch where the model is cheaper by the dozen',
  ]);
  expect(said({ queue, cores: 1, loopLag: 90 })).toEqual([
    'queue: nothing',
    'loop: threads for the model, then workers',
  ]);
  expect(said({ runsAtOnce: 0.1, loopLag: 30, cores: 1 })).toEqual([
    'loop: workers, one for each core',
  ]);
  expect(said({ loopLag: 60, cores: 0.2 })).toEqual([
    'loop: a processor of its own, or a higher limit',
  ]);
});

test('batches are told by why they started', () => {
  const batch = (size: number, reasons: Record<string, number>) => ({ batch: { size, reasons } });
  expect(said(batch(31, { full: 90, idle: 10 }))[0]).toMatch(/^batch: batch\.maxSize twice/);
  expect(said({ ...batch(3, { delay: 90 }), queue })[0]).toBe(
    'batch: batch.maxDelay 0, or less of it',
  );
  expect(said({ ...batch(1, { idle: 90 }), loopLag: 50, cores: 1 })[0]).toBe(
    'batch: batch.maxDelay 1, or threads for the model',
  );
  expect(said(batch(12, { idle: 90, full: 3 }))).toEqual([]);
});

test('refusals and deadlines say how long a queue may be', () => {
  expect(said({ outcomes: { ok: 50, rejected: 50 } })).toEqual([
    'refusals: maxQueue 200 for each second that one may wait',
  ]);
  expect(said({ outcomes: { ok: 50, timeout: 50 } })).toEqual([
    'timeouts: a maxQueue of at most 200 times the timeout in seconds',
  ]);
  // As the option takes it.
  expect(said({ outcomes: { rejected: 50 } }, 14.7)).toEqual([
    'refusals: maxQueue 15 for each second that one may wait',
  ]);
  // Where nothing was answered, no length follows from it.
  expect(said({ outcomes: { timeout: 50 } }, 0)).toEqual(['timeouts: nothing']);
  expect(said({ outcomes: { rejected: 50 } }, 0)).toEqual(['refusals: nothing']);
});

test('the cache is named first where it answers most', () => {
  const [first] = said({ cache: { hit: 40, coalesced: 20, miss: 40 }, queue });
  expect(first).toMatch(/^cache: more bodies in --data/);
  expect(said({ cache: { hit: 40, miss: 60 } })).toEqual([]);
});

test('the step that tells most is the first that the server did not keep', () => {
  const at = (rate: number, verdict: SeenStep['verdict']): SeenStep => ({
    ...stepOf({ rate, seconds: 1, within: 1 }, 0, []),
    verdict,
  });
  const [ten, twenty, late] = [at(10, 'kept'), at(20, 'kept'), at(40, 'generator')];
  expect(tellingStep([ten, at(40, 'failures'), at(20, 'backlog')])?.rate).toBe(20);
  expect(tellingStep([twenty, ten, late])?.rate).toBe(20);
  expect(tellingStep([late])).toBeUndefined();
  expect(findingsOf(ten)).toEqual([]);
});

test('the endpoint is that of the path, or the one that was asked most', () => {
  const metrics = (lines: Record<string, number>) =>
    Scrape.of(
      Object.entries(lines)
        .map(([path, n]) => `model_serving_requests_total{endpoint="${path}",outcome="ok"} ${n}\n`)
        .join(''),
    );
  const endpoint = (lines: Record<string, number>) =>
    serverViewOf(metrics(lines), 1, '/a')?.endpoint;
  expect(endpoint({ '/b': 9, '/a': 1 })).toBe('/a');
  expect(endpoint({ '/c/:id': 5, '/b': 1 })).toBe('/c/:id');
  expect(endpoint({ '/b': 0 })).toBeUndefined();
  expect(endpoint({})).toBeUndefined();
});
