import { expect, test } from 'vitest';
import { firstLost, kneeOf, searchedRates } from '../../src/bench/rates.js';
import { stepOf, type Step, type Verdict } from '../../src/bench/step.js';

const stepAt = (rate: number, verdict: Verdict): Step => ({
  ...stepOf({ rate, seconds: 1, within: 1 }, 0, []),
  verdict,
});

/** The rates that a search asks, of a server that keeps those up to a limit. */
function searched(verdictOf: (rate: number) => Verdict): Step[] {
  const rates = searchedRates();
  const steps: Step[] = [];
  for (let next = rates.next(); !next.done; next = rates.next(steps.at(-1)!)) {
    steps.push(stepAt(next.value, verdictOf(next.value)));
  }
  return steps;
}

test('the search doubles, and then closes in', () => {
  const steps = searched((rate) => (rate <= 100 ? 'kept' : 'backlog'));
  expect(steps.map(({ rate }) => rate)).toEqual([10, 20, 40, 80, 160, 113, 95, 104]);
  expect(kneeOf(steps)?.rate).toBe(95);
  expect(firstLost(steps)?.rate).toBe(104);
});

test('it ends where nothing is kept, where all is, and where this process gives out', () => {
  expect(searched(() => 'failures').map(({ rate }) => rate)).toEqual([10]);
  expect(searched(() => 'kept').at(-1)!.rate).toBeGreaterThan(10_000);
  const late = searched((rate) => (rate < 40 ? 'kept' : 'generator'));
  expect(late.map(({ rate }) => rate)).toEqual([10, 20, 40]);
  expect(kneeOf(late)?.rate).toBe(20);
  expect(firstLost(late)).toBeUndefined();
});

test('the knee lies below the first rate that was not kept', () => {
  const steps = [stepAt(10, 'kept'), stepAt(20, 'failures'), stepAt(40, 'kept')];
  expect(kneeOf(steps)?.rate).toBe(10);
  expect(kneeOf(steps.slice(1))).toBeNull();
});
