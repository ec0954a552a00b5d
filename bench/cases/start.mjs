import { setTimeout as sleep } from 'node:timers/promises';
import { row } from '../harness/measure.mjs';
import { bare, ours } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { residentMb, start } from '../harness/server.mjs';
import { median, spread } from '../harness/statistics.mjs';

export const ids = ['10'];
export const title = 'Start-up time and memory after start, against bare Nest';

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  for (const adapter of ['express', 'fastify']) {
    const name = adapter === 'express' ? 'Express' : 'Fastify';
    let pairs;
    rows.push(
      await row(
        {
          case: '10',
          what: `${name}: time until it listens / bare Nest`,
          unit: 'x',
          target: { atMost: 1.3 },
        },
        async () => {
          pairs = await startInTurns(ours(adapter), bare(adapter));
          const ratios = pairs.map(([a, b]) => a.ms / b.ms);
          const [a, b] = both(pairs, 'ms');
          return {
            value: median(ratios),
            spread: spread(ratios),
            note: `median ${a.toFixed(0)} ms : ${b.toFixed(0)} ms`,
            raw: { pairs },
          };
        },
      ),
      await row(
        {
          case: '10',
          what: `${name}: resident memory after start - bare Nest`,
          unit: 'MB',
          target: { atMost: 30 },
        },
        async () => {
          if (!pairs) throw new Error('the servers did not start');
          if (pairs[0][0].mb === null) throw new Error('/proc does not tell resident memory here');
          const differences = pairs.map(([a, b]) => a.mb - b.mb);
          const [a, b] = both(pairs, 'mb');
          return {
            value: median(differences),
            spread: spread(differences),
            note: `median ${a.toFixed(0)} MB : ${b.toFixed(0)} MB`,
          };
        },
      ),
    );
  }
  return rows;
}

const both = (pairs, figure) =>
  [0, 1].map((side) => median(pairs.map((pair) => pair[side][figure])));

async function startInTurns(a, b) {
  for (const spec of [a, b]) await once(spec); // fills the file cache
  const pairs = [];
  for (let round = 0; round < settings.rounds; round++) pairs.push([await once(a), await once(b)]);
  return pairs;
}

async function once(spec) {
  const server = await start(spec);
  await sleep(300); // what start-up left to do after the port was open
  const measured = { ms: server.startMs, mb: residentMb(server.pid) };
  await server.stop();
  return measured;
}
