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
 * What a row says of two servers that were loaded in turns: processor time a request, and the rate or
 * a latency beside it.
 *
 * @param {import('./rounds.mjs').Timed} a
 * @param {import('./rounds.mjs').Timed} b
 * @param {Partial<Record<'cpu' | 'rate' | 'p50' | 'p99', import('./row.mjs').Target>>} [targets]
 * @param {'rate' | 'p50' | 'p99'} [beside]
 */
export function compared(a, b, targets = {}, beside = 'rate') {
  const sides = [a, b].map(summary);
  const cpu = ratio(a, b, 'cpu');
  const others =
    beside === 'rate'
      ? `at best ${sides.map(({ best }) => perSecond(best)).join(' : ')}`
      : `${beside} ${sides.map((side) => milliseconds(side[beside])).join(' : ')}`;
  return {
    cpu: cpu && { ...cpu, target: targets.cpu },
    figure: { ...ratio(a, b, beside), target: targets[beside] },
    note: cpu ? `${cpuTimes(sides)}; ${others}` : others,
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
