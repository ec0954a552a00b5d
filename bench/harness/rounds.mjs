import { load } from './load.mjs';
import { cpuSeconds } from './server.mjs';
import { median, spread } from './statistics.mjs';

/** What the command line may change. */
export const settings = {
  /** Rounds of each server. */
  rounds: 7,
  /** Length of a round. */
  seconds: 1,
  /** Requests of case 11. */
  requests: 1_000_000,
  /** Whether case 11 runs on Express as well, which takes longer than all the rest. */
  full: false,
};

/**
 * @typedef {object} Side
 * @property {import('./server.mjs').Server} server
 * @property {import('./load.mjs').Shot} shot
 * @property {() => Promise<void>} check  Throws unless the server still answers as it must.
 */

/**
 * A load's result with the server's processor time, microseconds a request; null where unknown.
 *
 * @typedef {import('./load.mjs').LoadResult & { cpu: number | null }} LoadResult
 */

/**
 * Loads two servers in turns and pairs round with neighbouring round, since the machine's speed
 * drifts. The order turns over in every pair (AB BA AB …), so that a steady drift falls out.
 *
 * @param {Side} a
 * @param {Side} b
 * @param {{ connections?: number, seconds?: number }} [options]
 * @returns {Promise<[LoadResult, LoadResult][]>}
 */
export async function compare(a, b, options = {}) {
  const pairs = [];
  for (const side of [a, b]) await warm(side, options);
  for (let round = 0; round < settings.rounds; round++) {
    const order = round % 2 === 0 ? [a, b] : [b, a];
    const results = new Map();
    for (const side of order) results.set(side, await shoot(side, options));
    pairs.push([results.get(a), results.get(b)]);
  }
  for (const side of [a, b]) await side.check();
  return pairs;
}

/**
 * The ratio a : b of one figure, pair by pair.
 *
 * @param {[LoadResult, LoadResult][]} pairs
 * @param {(result: LoadResult) => number} figure
 */
export function ratio(pairs, figure) {
  const ratios = pairs.map(([a, b]) => figure(a) / figure(b));
  return { value: median(ratios), spread: spread(ratios), ratios };
}

/** Rounds of one server alone. */
export async function rounds(side, options = {}) {
  await warm(side, options);
  const results = [];
  for (let round = 0; round < settings.rounds; round++) results.push(await shoot(side, options));
  await side.check();
  return results;
}

const warmed = new Set();

/** V8 compiles the hot path within the first few thousand requests; once a route is enough. */
async function warm(side, options) {
  const route = `${side.server.pid} ${side.shot.path}`;
  if (warmed.has(route)) return;
  warmed.add(route);
  await load(side.server.origin, side.shot, { ...options, seconds: 2 });
}

async function shoot(side, options) {
  const { seconds } = settings;
  const before = cpuSeconds(side.server.pid);
  const result = await load(side.server.origin, side.shot, { seconds, ...options });
  const after = cpuSeconds(side.server.pid);
  if (result.failed > 0) {
    throw new Error(`${side.server.name}: ${result.failed} of ${result.requests} requests failed`);
  }
  if (result.requests === 0) throw new Error(`${side.server.name} answered nothing in a round`);
  const cpu = before === null || after === null ? null : ((after - before) / result.requests) * 1e6;
  return { ...result, cpu };
}

/** @param {LoadResult[]} results */
export function summary(results) {
  return {
    best: Math.max(...results.map(({ rate }) => rate)),
    median: median(results.map(({ rate }) => rate)),
    p50: median(results.map(({ p50 }) => p50)),
    p99: median(results.map(({ p99 }) => p99)),
    cpu: results[0].cpu === null ? null : median(results.map(({ cpu }) => cpu)),
    rates: results.map(({ rate }) => Math.round(rate)),
  };
}
