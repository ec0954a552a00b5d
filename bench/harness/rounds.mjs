import { load } from './load.mjs';
import { median, spread } from './statistics.mjs';

/** What the command line may change. */
export const settings = {
  /** Rounds of each server. */
  rounds: 7,
  /** Requests of a round. */
  requests: 8_000,
  /** Requests of case 11. */
  soak: 1_000_000,
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
 * @typedef {import('./load.mjs').LoadResult & { cpu: number | null }} Round
 */

/** @typedef {{ side: Side, rounds: Round[] }} Timed */

/**
 * Loads servers in turns, each round with the same count of requests for all. A round's figures are
 * compared with those of the same round, since the machine's speed drifts; the order turns over in
 * every round (ABC CBA …), so that a steady drift falls out.
 *
 * @param {Side[]} sides
 * @param {{ connections?: number, core?: string, requests?: number }} [options]
 * @returns {Promise<Timed[]>}  In the order of the sides.
 */
export async function interleave(sides, { requests = settings.requests, ...options } = {}) {
  const timed = sides.map((side) => ({ side, rounds: [] }));
  for (const side of sides) await warm(side, options);
  for (let round = 0; round < settings.rounds; round++) {
    for (const { side, rounds } of round % 2 === 0 ? timed : timed.toReversed()) {
      rounds.push(await shoot(side, requests, options));
    }
  }
  for (const side of sides) await side.check();
  return timed;
}

/**
 * The ratio a : b of one figure, round by round.
 *
 * @param {Timed} a
 * @param {Timed} b
 * @param {keyof Round} figure
 * @returns {import('./row.mjs').Figure | undefined}  Undefined where the figure is not known of both.
 */
export function ratio(a, b, figure) {
  const ratios = a.rounds.map((round, i) => round[figure] / b.rounds[i][figure]);
  if (!ratios.every((one) => Number.isFinite(one))) return undefined;
  return { value: median(ratios), unit: 'x', range: spread(ratios) };
}

const warmed = new Set();

/** V8 compiles the hot path within the first ten thousand requests; once a route is enough. */
async function warm(side, options) {
  const route = `${side.server.pid} ${side.shot.path}`;
  if (warmed.has(route)) return;
  warmed.add(route);
  await load(side.server, side.shot, { requests: 2 * settings.requests }, options);
}

async function shoot({ server, shot }, requests, options) {
  const before = await server.cpuSeconds();
  const result = await load(server, shot, { requests }, options);
  const after = await server.cpuSeconds();
  if (result.statuses[200] !== requests) {
    throw new Error(`${server.name} answered ${JSON.stringify(result.statuses)}`);
  }
  const cpu = before === null || after === null ? null : ((after - before) / requests) * 1e6;
  return { ...result, cpu };
}

/** @param {Timed} timed */
export function summary({ side, rounds }) {
  const all = (figure) => rounds.map((round) => round[figure]);
  return {
    server: side.server.name,
    path: side.shot.path,
    best: Math.max(...all('rate')),
    median: median(all('rate')),
    p50: median(all('p50')),
    p99: median(all('p99')),
    cpu: rounds[0].cpu === null ? null : median(all('cpu')),
    rates: all('rate').map(Math.round),
    cpus: all('cpu'),
  };
}
