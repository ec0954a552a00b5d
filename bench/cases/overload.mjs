import { setTimeout as sleep } from 'node:timers/promises';
import { Fleet } from '../harness/fleet.mjs';
import { besideHogs } from '../harness/hogs.mjs';
import { canPin } from '../harness/machine.mjs';
import { figureOf, once, row } from '../harness/measure.mjs';
import { ADAPTERS, compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { median } from '../harness/statistics.mjs';
import { traffic } from '../harness/traffic.mjs';

export const ids = ['8', '8b'];
export const title = 'Overload: five times what the endpoint can do (8 calls of 20 ms at once)';

const shot = { path: '/slow', body: '{}' };
const DEADLINE = 500; // as in servers/overload.ts
const BUSY = 32; // fills the eight slots and some of the queue, refuses nobody
const HOGS = 2; // leave a third of the core

/** @param {(id: string) => boolean} wanted */
export async function run(wanted) {
  const fleet = new Fleet();
  try {
    const rows = [];
    for (const adapter of ADAPTERS) {
      if (wanted('8')) rows.push(...(await atFullSpeed(fleet, adapter)));
      if (wanted('8b')) rows.push(await threeTimesSlower(fleet, adapter));
    }
    return rows;
  } finally {
    await fleet.close();
  }
}

async function atFullSpeed(fleet, [adapter, name]) {
  const rounds = once(() => overload(fleet, adapter));
  const of = (what, unit, target, figure) =>
    row({ case: '8', what: `${name}: ${what} at 5x load` }, async () => ({
      figure: figureOf((await rounds()).map(figure), unit, target),
    }));
  return [
    await goodput({ case: '8', what: `${name}: goodput at 5x load` }, rounds),
    await of('p50 of a refusal', 'ms', { below: 5 }, ({ over }) => over[429].p50),
    await of(
      `p99 of an accepted request (deadline ${DEADLINE} ms)`,
      'ms',
      { below: DEADLINE },
      ({ over }) => over[200].p99,
    ),
  ];
}

function threeTimesSlower(fleet, [adapter, name]) {
  const head = { case: '8b', what: `${name}: goodput at 5x load, the CPU three times slower` };
  return goodput(head, () => {
    if (!canPin) throw new Error('only with taskset and a second core can the CPU be slowed down');
    return besideHogs(HOGS, () => overload(fleet, adapter));
  });
}

function goodput(head, measure) {
  return row({ ...head, against: 'its peak' }, async () => {
    const rounds = await measure();
    const shares = rounds.map(({ peak, over }) => (100 * (over[200]?.rate ?? 0)) / peak[200].rate);
    const peak = median(rounds.map(({ peak: { 200: ok } }) => ok.rate));
    const seen = new Set(rounds.flatMap(({ over }) => Object.keys(over)));
    return {
      figure: figureOf(shares, '%', { atLeast: 98 }),
      note: `peak ${Math.round(peak)} /s, statuses ${[...seen].sort().join(' and ')}`,
      raw: { rounds },
    };
  });
}

/** Peak and overload in turns; the first peak also tells what five times it is. */
async function overload(fleet, adapter) {
  const spec = compiled(`overload ${adapter}`, 'overload', { ADAPTER: adapter });
  const side = await fleet.side(spec, { shot, answer: { done: true } });
  const plan = { origin: side.server.origin, ...shot, seconds: 2 };
  const first = await traffic({ ...plan, connections: BUSY });
  const rate = 5 * first[200].rate;
  await traffic({ ...plan, rate }); // warms the refusals
  const rounds = [];
  for (let round = 0; round < settings.rounds; round++) {
    const peak = await traffic({ ...plan, connections: BUSY });
    const over = await traffic({ ...plan, rate });
    if (Object.keys(over).join() === '200') {
      throw new Error(`nothing was refused at ${Math.round(rate)} requests a second`);
    }
    rounds.push({ peak, over });
  }
  await sleep(1_000); // for the last of the load to leave
  await side.check();
  return rounds;
}
