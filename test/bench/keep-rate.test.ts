import { expect, test } from 'vitest';
import { keepRate } from '../../src/bench/keep-rate.js';
import { stopClock } from '../stopped-clock.js';

const never = new AbortController().signal;

/** What was begun: when it was due, and how late it was. */
function log() {
  const began = performance.now();
  const acts: { due: number; late: number }[] = [];
  const act = (due: number) => {
    acts.push({ due: Math.round(due - began), late: Math.round(performance.now() - due) });
  };
  return { acts, act };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('acts at even intervals', async () => {
  const clock = stopClock();
  const { acts, act } = log();
  const done = keepRate({ rate: 10, count: 3 }, act, never);
  for (let passed = 0; passed < 4; passed++) {
    await settled();
    clock.advance(100);
  }
  await done;
  expect(acts).toEqual([0, 100, 200].map((due) => ({ due, late: 0 })));
});

test('what fell due while the process was busy is begun at once, with the time at which it was due', async () => {
  const clock = stopClock();
  const { acts, act } = log();
  const done = keepRate({ rate: 10, count: 5 }, act, never);
  // Nothing else has its turn in it.
  clock.advance(350);
  await settled();
  expect(acts).toEqual([
    { due: 0, late: 0 },
    { due: 100, late: 250 },
    { due: 200, late: 150 },
    { due: 300, late: 50 },
  ]);
  clock.advance(50);
  await done;
  expect(acts.at(-1)).toEqual({ due: 400, late: 0 });
});

test('of much that fell due a part is begun, so that something else has its turn', async () => {
  const clock = stopClock();
  const { acts, act } = log();
  const done = keepRate({ rate: 1_000, count: 500 }, act, never);
  clock.advance(1_000);
  await settled();
  const turns = [acts.length];
  while (acts.length < 500) {
    clock.advance(1);
    await settled();
    turns.push(acts.length - turns.reduce((sum, turn) => sum + turn, 0));
  }
  await done;
  expect(Math.max(...turns)).toBeLessThan(100);
  expect(acts.at(-1)!.due).toBe(499);
});

test('ends when it is told to, while it waits or in the middle of an act', async () => {
  stopClock();
  const waiting = new AbortController();
  const { acts, act } = log();
  const done = keepRate({ rate: 1, count: 100 }, act, waiting.signal);
  waiting.abort();
  await done;
  expect(acts).toHaveLength(1);

  const acting = new AbortController();
  await keepRate({ rate: 1, count: 100 }, () => acting.abort(), acting.signal);
  await keepRate({ rate: 1, count: 100 }, act, acting.signal);
  expect(acts).toHaveLength(1);
});
