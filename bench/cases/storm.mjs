import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../harness/fleet.mjs';
import { load } from '../harness/load.mjs';
import { figureOf, milliseconds, once, row } from '../harness/measure.mjs';
import { ADAPTERS, compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { median } from '../harness/statistics.mjs';
import { traffic } from '../harness/traffic.mjs';

export const ids = ['14'];
export const title =
  'A storm: 400 clients that retry a 429 at once (8 calls of 10 ms, queue of 64)';

const shot = { path: '/quick', body: '{}' };
const CLIENTS = 400;
const BUSY = 32; // fills the eight slots and some of the queue, refuses nobody
const PROBES = 20; // a second, each on a new connection, as an orchestrator's

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const fleet = new Fleet();
  try {
    for (const [adapter, name] of ADAPTERS) {
      const rounds = once(() => storm(fleet, adapter));
      rows.push(
        await row(
          { case: '14', what: `${name}: goodput in a storm`, against: 'its peak' },
          async () => shareOfPeak(await rounds()),
        ),
        await row({ case: '14', what: `${name}: p99 of /__ping in a storm` }, async () =>
          probeLatency(await rounds()),
        ),
      );
    }
    return rows;
  } finally {
    await fleet.close();
  }
}

/** Peak and storm in turns. */
async function storm(fleet, adapter) {
  const spec = compiled(`overload ${adapter}`, 'overload', { ADAPTER: adapter });
  const side = await fleet.side(spec, { shot, answer: { done: true } });
  const { server } = side;
  const rounds = [];
  await load(server, shot, { seconds: 1 }, { connections: CLIENTS }); // warms the refusals
  for (let round = 0; round < settings.rounds; round++) {
    await sleep(300); // for the last storm to leave
    const peak = await load(server, shot, { seconds: 2 }, { connections: BUSY });
    const probe = { origin: server.origin, path: '/__ping', rate: PROBES, probe: true };
    const [storm, probes] = await Promise.all([
      load(server, shot, { seconds: 4 }, { connections: CLIENTS }),
      traffic({ ...probe, seconds: 2.5 }),
    ]);
    if (!probes[200]) throw new Error(`the probes got ${JSON.stringify(probes)}`);
    if (storm.statuses.broken) throw new Error(`${storm.statuses.broken} connections broke`);
    rounds.push({ peak, storm, probes });
  }
  await sleep(300);
  await side.check();
  return rounds;
}

const rateOf = ({ statuses, seconds }, status) => (statuses[status] ?? 0) / seconds;

function shareOfPeak(rounds) {
  const shares = rounds.map(({ peak, storm }) => (100 * rateOf(storm, 200)) / rateOf(peak, 200));
  const peak = median(rounds.map(({ peak }) => rateOf(peak, 200)));
  const refused = median(rounds.map(({ storm }) => rateOf(storm, 429)));
  return {
    figure: figureOf(shares, '%', { atLeast: 80 }),
    note: `peak ${Math.round(peak)} /s; ${Math.round(refused)} refusals a second`,
    raw: { rounds },
  };
}

function probeLatency(rounds) {
  const all = (figure) => rounds.map(({ probes }) => probes[200][figure]);
  return {
    figure: figureOf(all('p99'), 'ms', { below: 50 }),
    note: `p50 ${milliseconds(median(all('p50')))}, the slowest of all ${milliseconds(Math.max(...all('max')))}`,
  };
}
