import { Missing } from './fleet.mjs';
import { compare, ratio, summary } from './rounds.mjs';
import { median } from './statistics.mjs';

/** Errors of a run: a row without a value is not a passing run, unless a peer is merely absent. */
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
 * @param {Pick<import('./row.mjs').Row, 'case' | 'what' | 'unit' | 'target'>} head
 * @param {() => Promise<Omit<import('./row.mjs').Row, 'case' | 'what' | 'unit' | 'target'>>} measure
 * @returns {Promise<import('./row.mjs').Row>}
 */
export async function row(head, measure) {
  console.error(`  ${head.case.padEnd(3)} ${head.what}`);
  try {
    return { ...head, ...(await measure()) };
  } catch (error) {
    if (!(error instanceof Missing)) {
      fail(error);
    }
    return { ...head, value: null, note: error.message.split('\n')[0] };
  }
}

/**
 * The row of a throughput ratio of two servers.
 *
 * @param {Pick<import('./row.mjs').Row, 'case' | 'what' | 'target'>} head
 * @param {() => Promise<import('./rounds.mjs').Side>} left
 * @param {() => Promise<import('./rounds.mjs').Side>} right
 * @param {object} [options]  As `compare` takes.
 */
export function ratioRow(head, left, right, options) {
  return row({ ...head, unit: 'x' }, async () => {
    const a = await left();
    const b = await right();
    return rateRatio(a, b, await compare(a, b, options));
  });
}

/** What a row says of the rates of two servers that were loaded in turns. */
export function rateRatio(a, b, pairs) {
  const { value, spread, ratios } = ratio(pairs, ({ rate }) => rate);
  const sides = [a, b].map((side, index) => ({
    server: side.server.name,
    path: side.shot.path,
    ...summary(pairs.map((pair) => pair[index])),
  }));
  return {
    value,
    spread,
    note: `best ${perSecond(sides[0].best)} : ${perSecond(sides[1].best)}${cpuTimes(sides)}`,
    raw: { ratios, sides },
  };
}

/** What a row says of a latency (`p50` or `p99`) of two servers that were loaded in turns. */
export function latencyRatio(pairs, figure) {
  const { value, spread, ratios } = ratio(pairs, (result) => result[figure]);
  const [a, b] = [0, 1].map((side) => median(pairs.map((pair) => pair[side][figure])));
  return {
    value,
    spread,
    note: `median ${milliseconds(a)} : ${milliseconds(b)}`,
    raw: { ratios, medians: [a, b] },
  };
}

export const milliseconds = (ms) => `${ms < 10 ? ms.toFixed(3) : ms.toFixed(1)} ms`;

function cpuTimes([a, b]) {
  if (a.cpu === null || b.cpu === null) return '';
  return `; CPU ${a.cpu.toFixed(0)} : ${b.cpu.toFixed(0)} µs`;
}

export const perSecond = (rate) =>
  rate >= 1_000 ? `${(rate / 1_000).toFixed(1)} k/s` : `${Math.round(rate)} /s`;
