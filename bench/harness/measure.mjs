import { Missing } from './fleet.mjs';
import { ratio, summary } from './rounds.mjs';
import { median, spread } from './statistics.mjs';

/** @typedef {import('./row.mjs').Row} Row */
/** @typedef {Pick<Row, 'case' | 'what' | 'against'>} Head */

/** Errors of a run: a row without a figure is not a passing run, unless a peer is merely absent. */
export const failures = new Set();

/** Several rows may fail for one reason, which is printed once. */
export function fail(error) {
  const text = String(error.message).slice(0, 2_000);
  if (!failures.has(text)) console.error(text);
  failures.add(text);
}

/**
 * Turns one measurement into its row; what cannot be measured becomes a row that says why.
 *
 * @param {Head} head
 * @param {() => Promise<Omit<Row, keyof Head>>} measure
 * @returns {Promise<Row>}
 */
export async function row(head, measure) {
  console.error(`  ${head.case.padEnd(3)} ${head.what}${head.against ? ` / ${head.against}` : ''}`);
  try {
    return { ...head, ...(await measure()) };
  } catch (error) {
    if (!(error instanceof Missing)) {
      fail(error);
    }
    return { ...head, note: error.message.split('\n')[0] };
  }
}

/** Measures when first asked and gives the same to all who ask: several rows come of one series. */
export function once(measure) {
  let measured;
  return () => (measured ??= measure());
}

/**
 * What a row says of two servers that were loaded in turns: processor time a request, and the rate.
 *
 * @param {import('./rounds.mjs').Timed} a
 * @param {import('./rounds.mjs').Timed} b
 * @param {{ cpu?: import('./row.mjs').Target, rate?: import('./row.mjs').Target }} [targets]
 */
export function compared(a, b, targets = {}) {
  const sides = [a, b].map(summary);
  const cpu = ratio(a, b, 'cpu');
  return {
    cpu: cpu && { ...cpu, target: targets.cpu },
    figure: { ...ratio(a, b, 'rate'), target: targets.rate },
    note: `${cpu ? `${cpuTimes(sides)}; ` : ''}at best ${perSecond(sides[0].best)} : ${perSecond(sides[1].best)}`,
    raw: { sides },
  };
}

/** The same with a latency (`p50` or `p99`) in place of the rate. */
export function comparedLatency(a, b, percentile, targets = {}) {
  const sides = [a, b].map(summary);
  const cpu = ratio(a, b, 'cpu');
  return {
    cpu: cpu && { ...cpu, target: targets.cpu },
    figure: { ...ratio(a, b, percentile), target: targets.latency },
    note: `${cpu ? `${cpuTimes(sides)}; ` : ''}${percentile} ${milliseconds(sides[0][percentile])} : ${milliseconds(sides[1][percentile])}`,
    raw: { sides },
  };
}

/** The figure of what was measured once in each round. */
export function figureOf(values, unit, target) {
  return { value: median(values), unit, range: spread(values), target };
}

export const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(3) : ms.toFixed(1)} ms`;

const cpuTimes = ([a, b]) => `CPU ${a.cpu.toFixed(0)} : ${b.cpu.toFixed(0)} µs`;

export const perSecond = (rate) =>
  rate >= 1_000 ? `${(rate / 1_000).toFixed(1)} k/s` : `${Math.round(rate)} /s`;
