import { Fleet } from '../harness/fleet.mjs';
import { load } from '../harness/load.mjs';
import { row } from '../harness/measure.mjs';
import { compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { residentMb } from '../harness/server.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';
import { body as features, perceptronFile } from '../workload/perceptron.mjs';

export const ids = ['11'];
export const title = 'Memory over many requests to every kind of endpoint';

/**
 * Every kind of endpoint in turn, one request in ten refused by the schema and one by the handler;
 * a hundred distinct inputs each, so that the cache has both hits and entries.
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
    { path: '/threaded', body: distinct },
    { path: '/onnx', body: features },
    { path: '/refusing', body: '{"title":"poison"}' },
    { path: '/plain', body: invalidBody },
  ];
  return kinds[index % kinds.length];
});
const REFUSED = 0.2;

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const against = 'after the first tenth';
  const requests = settings.soak.toLocaleString('en');
  for (const adapter of settings.full ? ['fastify', 'express'] : ['fastify']) {
    const fleet = new Fleet();
    try {
      const name = adapter === 'express' ? 'Express' : 'Fastify';
      const what = `${name}: resident memory after the last tenth of ${requests} requests`;
      rows.push(
        await row({ case: '11', what, against }, () => soak(fleet, adapter, settings.soak)),
      );
    } finally {
      await fleet.close();
    }
  }
  return rows;
}

async function soak(fleet, adapter, total) {
  const expectation = { shot: { path: '/plain', body }, answer, refused: invalidBody };
  const spec = compiled(`soak ${adapter}`, 'soak', {
    ADAPTER: adapter,
    MODEL: perceptronFile(),
  });
  const side = await fleet.side(spec, expectation);
  const { server } = side;
  const megabytes = [];
  let sent = 0;
  let refused = 0;
  for (let tenth = 1; tenth <= 10; tenth++) {
    while (sent < (total / 10) * tenth) {
      const { requests, statuses } = await load(server, shots, { seconds: 1 });
      sent += requests;
      refused += requests - statuses[200];
    }
    const resident = residentMb(server.pid);
    if (resident === null) throw new Error('/proc does not tell resident memory here');
    megabytes.push(Math.round(resident * 10) / 10);
  }
  if (Math.abs(refused / sent - REFUSED) > 0.01) {
    throw new Error(
      `expected ${100 * REFUSED} % of the soak to be refused, got ${refused} of ${sent}`,
    );
  }
  await side.check();
  const [first, last] = [megabytes[0], megabytes.at(-1)];
  return {
    figure: { value: last / first, unit: 'x', target: { atMost: 1.1 } },
    note: `${first} MB, then ${last} MB`,
    raw: { sent, megabytes },
  };
}
