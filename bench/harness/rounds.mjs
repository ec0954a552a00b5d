import { load } from './load.mjs';
import { median, spread } from './statistics.mjs';

/** Rounds and their length; `--rounds` and `--seconds` change them. */
export const settings = { rounds: 7, seconds: 1, full: false };

/**
 * @typedef {object} Side
 * @property {import('./server.mjs').Server} server
 * @property {import('./load.mjs').Shot} shot
 */

/**
 * Loads two servers in turns and compares round with neighbouring round, since the machine's speed
 * drifts. The order turns over in every pair (AB BA AB …), so that a steady drift falls out.
 *
 * @param {Side} a
 * @param {Side} b
 * @param {{ connections?: number, seconds?: number, measure?: (r: import('./load.mjs').LoadResult) => number }} [options]
 */
export async function compare(a, b, { measure = (result) => result.rate, ...options } = {}) {
  const pairs = [];
  for (const side of [a, b]) await warm(side, options);
  for (let round = 0; round < settings.rounds; round++) {
    const order = round % 2 === 0 ? [a, b] : [b, a];
    const results = new Map();
    for (const side of order) results.set(side, await shoot(side, options));
    pairs.push([results.get(a), results.get(b)]);
  }
  const ratios = pairs.map(([left, right]) => measure(left) / measure(right));
  const side = (index) => pairs.map((pair) => pair[index]);
  return {
    ratio: median(ratios),
    spread: spread(ratios),
    ratios,
    a: summary(side(0)),
    b: summary(side(1)),
  };
}

/** Rounds of one server alone. */
export async function rounds(side, options = {}) {
  await warm(side, options);
  const results = [];
  for (let round = 0; round < settings.rounds; round++) results.push(await shoot(side, options));
  return summary(results);
}

const warmed = new WeakSet();

/** V8 compiles the hot path within the first few thousand requests; once a server is enough. */
async function warm(side, options) {
  if (warmed.has(side.server)) return;
  warmed.add(side.server);
  await load(side.server.origin, side.shot, { ...options, seconds: 2 });
}

async function shoot(side, options) {
  const result = await load(side.server.origin, side.shot, { seconds: settings.seconds, ...options });
  if (result.failed > 0) {
    throw new Error(`${side.server.name}: ${result.failed} of ${result.requests} requests failed`);
  }
  return result;
}

function summary(results) {
  return {
    best: Math.max(...results.map(({ rate }) => rate)),
    median: median(results.map(({ rate }) => rate)),
    p50: median(results.map(({ p50 }) => p50)),
    p99: median(results.map(({ p99 }) => p99)),
    rates: results.map(({ rate }) => Math.round(rate)),
  };
}
