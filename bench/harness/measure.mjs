import { Missing } from './fleet.mjs';
import { compare } from './rounds.mjs';

/** Errors of a run: a row without a value is not a passing run, unless a peer is merely absent. */
export const failures = [];

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
      failures.push(error);
      console.error(error);
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
    const result = await compare(a, b, options);
    return {
      value: result.ratio,
      spread: result.spread,
      note: `best ${perSecond(result.a.best)} : ${perSecond(result.b.best)}`,
      raw: { servers: [a.server.name, b.server.name], ...result },
    };
  });
}

export const perSecond = (rate) =>
  rate >= 1_000 ? `${(rate / 1_000).toFixed(1)} k/s` : `${Math.round(rate)} /s`;
