import { Fleet } from '../harness/fleet.mjs';
import { load } from '../harness/load.mjs';
import { row } from '../harness/measure.mjs';
import { compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { residentMb } from '../harness/server.mjs';
import { answer, body, invalidBody } from '../work/classify.mjs';

export const ids = ['11'];
export const title = 'Memory over many requests to every kind of endpoint';

const FULL = 1_000_000;
const SHORT = 400_000; // what a whole run's quarter of an hour has room for

/**
 * Every kind of endpoint in turn, one request in eight refused by the schema and one by the handler;
 * a thousand distinct inputs, so that the cache has both hits and entries.
 */
const shots = Array.from({ length: 1_000 }, (_, index) => {
  const distinct = JSON.stringify({ ...JSON.parse(body), title: `Title ${index}` });
  const kinds = [
    { path: '/plain', body: distinct },
    { path: '/schemaless', body: distinct },
    { path: '/waiting', body: distinct },
    { path: '/cached', body: distinct },
    { path: '/batched', body: distinct },
    { path: '/refusing', body: distinct },
    { path: '/refusing', body: '{"title":"poison"}' },
    { path: '/plain', body: invalidBody },
  ];
  return kinds[index % kinds.length];
});

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const total = settings.full ? FULL : SHORT;
  const requests = total.toLocaleString('en');
  for (const adapter of settings.full ? ['fastify', 'express'] : ['fastify']) {
    const fleet = new Fleet();
    try {
      const name = adapter === 'express' ? 'Express' : 'Fastify';
      const what = `${name}: resident memory after the last tenth of ${requests} requests / after the first`;
      rows.push(
        await row({ case: '11', what, unit: 'x', target: { atMost: 1.1 } }, () =>
          soak(fleet, adapter, total),
        ),
      );
    } finally {
      await fleet.close();
    }
  }
  return rows;
}

async function soak(fleet, adapter, total) {
  const expectation = { shot: { path: '/plain', body }, answer, refused: invalidBody };
  const spec = compiled(`soak ${adapter}`, 'soak', { ADAPTER: adapter });
  const side = await fleet.side(spec, expectation);
  const { server } = side;
  const megabytes = [];
  let sent = 0;
  for (let tenth = 1; tenth <= 10; tenth++) {
    while (sent < (total / 10) * tenth) sent += (await load(server.origin, shots)).requests;
    const resident = residentMb(server.pid);
    if (resident === null) throw new Error('/proc does not tell resident memory here');
    megabytes.push(Math.round(resident * 10) / 10);
  }
  await side.check();
  const [first, last] = [megabytes[0], megabytes.at(-1)];
  return {
    value: last / first,
    note: `${first} MB, then ${last} MB${settings.full ? '' : '; --full sends a million'}`,
    raw: { sent, megabytes },
  };
}
