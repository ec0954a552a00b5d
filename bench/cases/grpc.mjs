import { fileURLToPath } from 'node:url';
import { collect } from '../harness/load.mjs';
import { figureOf, perSecond, row } from '../harness/measure.mjs';
import { compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { start } from '../harness/server.mjs';
import { median } from '../harness/statistics.mjs';

export const ids = ['15'];
export const title = 'The example, 1.2 KB, by gRPC';

const CHILD = fileURLToPath(new URL('../harness/grpc-child.mjs', import.meta.url));

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const head = { case: '15', what: 'a unary call', against: 'grpc-js by hand, no validation' };
  return [await row(head, measure)];
}

async function measure() {
  const servers = [];
  try {
    for (const [name, file] of [
      ['nestjs-model-serving', 'grpc'],
      ['grpc-js by hand', 'grpc-by-hand'],
    ]) {
      servers.push(await start(compiled(name, file)));
    }
    for (const server of servers) await shoot(server, 2 * settings.requests);
    const rounds = [];
    for (let round = 0; round < settings.rounds; round++) {
      const figures = [];
      const order = round % 2 ? servers.toReversed() : servers;
      for (const server of order) {
        figures[servers.indexOf(server)] = await shoot(server, settings.requests);
      }
      rounds.push(figures);
    }
    const shares = (figure) => rounds.map(([own, peer]) => own[figure] / peer[figure]);
    const of = (at, figure) => median(rounds.map((round) => round[at][figure]));
    return {
      cpu: figureOf(shares('cpu'), 'x', { atMost: 1.3 }),
      figure: figureOf(shares('rate'), 'x'),
      note: `CPU ${of(0, 'cpu').toFixed(0)} : ${of(1, 'cpu').toFixed(0)} µs; ${perSecond(of(0, 'rate'))} : ${perSecond(of(1, 'rate'))}`,
      raw: { rounds },
    };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

/** Microseconds of processor time a call, and calls a second. */
async function shoot(server, requests) {
  const before = await server.cpuSeconds();
  const ms = Number(
    await collect([process.execPath, CHILD, String(server.port), String(requests)]),
  );
  const after = await server.cpuSeconds();
  return { cpu: ((after - before) / requests) * 1e6, rate: (requests / ms) * 1000 };
}
