import { Fleet } from '../harness/fleet.mjs';
import { figureOf, milliseconds, row } from '../harness/measure.mjs';
import { ADAPTERS, compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { median } from '../harness/statistics.mjs';
import { traffic } from '../harness/traffic.mjs';

export const ids = ['9'];
export const title = 'A model that computes for 50 ms, in worker threads, saturated';

const busy = { path: '/busy', body: '{}' };
const CONNECTIONS = 16;
const PINGS = 200; // a second

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  for (const [adapter, name] of ADAPTERS) {
    const fleet = new Fleet();
    const head = {
      case: '9',
      what: `${name}: p99 of /__ping while all threads compute`,
    };
    try {
      rows.push(
        await row(head, async () => {
          // On one core, like every server here: the event loop and the thread that computes share
          // it, which is the worst case, and the load does not disturb them.
          const spec = compiled(`threads ${adapter}`, 'threads', { ADAPTER: adapter });
          const side = await fleet.side(spec, { shot: busy, answer: { done: true } });
          const measured = await saturated(side.server.origin);
          await side.check();
          return measured;
        }),
      );
    } finally {
      await fleet.close();
    }
  }
  return rows;
}

async function saturated(origin) {
  const rounds = [];
  for (let round = 0; round < settings.rounds; round++) {
    const [pings, calls] = await Promise.all([
      traffic({ origin, path: '/__ping', rate: PINGS, seconds: 2 }),
      traffic({ origin, ...busy, connections: CONNECTIONS, seconds: 2.5 }),
    ]);
    rounds.push({ pings, calls });
  }
  const p99 = rounds.map(({ pings }) => pings[200].p99);
  const p50 = median(rounds.map(({ pings }) => pings[200].p50));
  const rate = median(rounds.map(({ calls }) => calls[200].rate));
  return {
    figure: figureOf(p99, 'ms', { below: 10 }),
    note: `p50 ${milliseconds(p50)}; the model answers ${rate.toFixed(0)} /s`,
    raw: { rounds },
  };
}
