import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../harness/fleet.mjs';
import { row } from '../harness/measure.mjs';
import { compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { median, spread } from '../harness/statistics.mjs';
import { traffic } from '../harness/traffic.mjs';

export const ids = ['8'];
export const title = 'Overload: five times what the endpoint can do (8 calls of 20 ms at once)';

const shot = { path: '/slow', body: '{}' };
const DEADLINE = 500; // as in servers/overload.ts
const BUSY = 32; // fills the eight slots and some of the queue, refuses nobody

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const fleet = new Fleet();
  try {
    const rows = [];
    for (const adapter of ['express', 'fastify']) {
      const name = adapter === 'express' ? 'Express' : 'Fastify';
      let rounds;
      const head = (what, unit, target) => ({ case: '8', what: `${name}: ${what}`, unit, target });
      const of = (figure) => async () => {
        if (!rounds) throw new Error('the overload did not run');
        const values = rounds.map(figure);
        return { value: median(values), spread: spread(values) };
      };
      rows.push(
        await row(head('goodput as a share of peak', '%', { atLeast: 97 }), async () => {
          const spec = compiled(`overload ${adapter}`, 'overload', { ADAPTER: adapter });
          const side = await fleet.side(spec, { shot, answer: { done: true } });
          const measured = await overload(side.server.origin);
          await sleep(1_000); // for the last of the load to leave
          await side.check();
          rounds = measured;
          const share = of(({ peak, over }) => (100 * over[200].rate) / peak[200].rate);
          return { ...(await share()), note: statuses(rounds), raw: { rounds } };
        }),
        await row(
          head('p50 of a refusal', 'ms', { below: 5 }),
          of(({ over }) => over[429].p50),
        ),
        await row(
          head(`p99 of an accepted request (deadline ${DEADLINE} ms)`, 'ms', { below: DEADLINE }),
          of(({ over }) => over[200].p99),
        ),
      );
    }
    return rows;
  } finally {
    await fleet.close();
  }
}

/** Peak and overload in turns; the first peak also tells what five times it is. */
async function overload(origin) {
  const plan = { origin, ...shot, seconds: 2 };
  const first = await traffic({ ...plan, connections: BUSY });
  const rate = 5 * first[200].rate;
  await traffic({ ...plan, rate }); // warms the refusals
  const rounds = [];
  for (let round = 0; round < settings.rounds; round++) {
    const peak = await traffic({ ...plan, connections: BUSY });
    const over = await traffic({ ...plan, rate });
    if (!over[429]) throw new Error(`nothing was refused at ${Math.round(rate)} requests a second`);
    rounds.push({ peak, over });
  }
  return rounds;
}

function statuses(rounds) {
  const seen = new Set(rounds.flatMap(({ over }) => Object.keys(over)));
  const peak = median(rounds.map(({ peak: { 200: ok } }) => ok.rate));
  return `peak ${Math.round(peak)} /s, statuses ${[...seen].sort().join(' and ')}`;
}
