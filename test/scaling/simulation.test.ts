import { describe, expect, test } from 'vitest';
import { Autoscaler } from '../../bench/scaling/autoscaler.mjs';
import { Pods } from '../../bench/scaling/pods.mjs';
import { Random } from '../../bench/scaling/random.mjs';
import { simulate } from '../../bench/scaling/simulate.mjs';

const POD = { slots: 8, seconds: 0.1, maxQueue: 64, startTime: 30 };
const RULE = { target: 4, min: 1, max: 100 };

describe('the autoscaler', () => {
  test('wants what the metric asks for, and nothing within a tenth of it', () => {
    const decide = (metric: number, pods: number) => new Autoscaler(RULE).decide(0, metric, pods);
    expect(decide(41, 10)).toBe(10);
    expect(decide(43.9, 10)).toBe(10);
    expect(decide(36.1, 10)).toBe(10);
    expect(decide(44.5, 10)).toBe(12);
    expect(decide(35, 10)).toBe(9);
    expect(decide(0, 10)).toBe(1);
    expect(decide(100_000, 90)).toBe(100);
  });

  test('doubles at most, or adds four', () => {
    const decide = (pods: number) => new Autoscaler(RULE).decide(0, 400, pods);
    expect([1, 3, 20, 60].map(decide)).toEqual([5, 7, 40, 100]);
  });

  test('takes pods away only when nothing has wanted them for five minutes', () => {
    const autoscaler = new Autoscaler(RULE);
    expect(autoscaler.decide(0, 80, 10)).toBe(20);
    expect(autoscaler.decide(15, 40, 20)).toBe(20);
    expect(autoscaler.decide(300, 20, 20)).toBe(10);
    expect(autoscaler.decide(615, 20, 10)).toBe(5);
  });
});

describe('pods', () => {
  test('lose no request: each is answered, refused or still there', () => {
    const pods = new Pods(POD, new Random(7));
    pods.resize(10, 0, 0);
    const sums = { arrived: 0, gone: 0 };
    for (let now = 0; now < 200; now++) {
      if (now === 50) pods.resize(3, now);
      if (now === 100) pods.resize(20, now);
      const second = pods.second(now, 700, () => {});
      sums.arrived += second.arrived;
      sums.gone += second.answered + second.refused;
    }
    expect(sums.arrived).toBeGreaterThan(100_000);
    expect(sums.gone + pods.waiting).toBeCloseTo(sums.arrived, 3);
  });

  test('answer nothing before they have started, and cost until they have answered what waits', () => {
    const pods = new Pods({ ...POD, maxQueue: 1_000 }, new Random(7));
    pods.resize(1, 0);
    const { arrived, refused } = pods.second(29, 100, () => {});
    expect(refused).toBe(arrived);
    pods.second(30, 500, () => {});
    pods.resize(0, 31);
    const { waiting } = pods;
    expect([pods.count, pods.paid]).toEqual([0, 1]);
    for (let now = 31; now < 31 + waiting / pods.rate; now++) pods.second(now, 0, () => {});
    expect([pods.waiting, pods.paid]).toEqual([0, 0]);
  });

  test('have in flight what Little says', () => {
    const pods = new Pods(POD, new Random(7));
    pods.resize(100, 0, 0);
    let sum = 0;
    for (let now = 0; now < 100; now++) {
      pods.second(now, 4_000, () => {});
      sum += pods.inFlight;
    }
    expect(sum / 100 / (4_000 * POD.seconds)).toBeCloseTo(1, 1);
  });
});

test('a steady load has the pods that it needs, and a burst waits for those that start', () => {
  const scenario = { pod: POD, rule: { target: 5.6, min: 1, max: 1_000 }, from: 0, until: 1_200 };
  const steady = simulate({ ...scenario, load: () => 5_600 });
  expect(steady).toMatchObject({ refused: 0, most: 100 });
  expect(steady.utilisation).toBeCloseTo(0.7, 2);
  const burst = (now: number) => (now < 600 ? 5_600 : 11_200);
  const quick = simulate({ ...scenario, load: burst });
  const slow = simulate({ ...scenario, load: burst, pod: { ...POD, startTime: 180 } });
  expect(quick.most).toBeGreaterThanOrEqual(190);
  expect(quick.refused).toBeGreaterThan(0);
  expect(slow.refused).toBeGreaterThan(2 * quick.refused);
});

test('random numbers are the same in every run, and as many as they should be', () => {
  for (const mean of [0, 3, 56]) {
    const [one, other] = [new Random(3), new Random(3)];
    const drawn = Array.from({ length: 4_000 }, () => one.poisson(mean));
    expect(Array.from({ length: 4_000 }, () => other.poisson(mean))).toEqual(drawn);
    const average = drawn.reduce((sum, count) => sum + count, 0) / drawn.length;
    const variance = drawn.reduce((sum, count) => sum + (count - average) ** 2, 0) / drawn.length;
    expect(Math.abs(average - mean)).toBeLessThanOrEqual(mean * 0.03);
    expect(Math.abs(variance - mean)).toBeLessThanOrEqual(mean * 0.1);
  }
});
