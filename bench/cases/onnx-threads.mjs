import { Fleet } from '../harness/fleet.mjs';
import { figureOf, milliseconds, perSecond, row } from '../harness/measure.mjs';
import { compiled } from '../harness/peers.mjs';
import { settings } from '../harness/rounds.mjs';
import { residentMb } from '../harness/server.mjs';
import { median } from '../harness/statistics.mjs';
import { traffic } from '../harness/traffic.mjs';
import { answer, body, invalidBody, perceptronFile } from '../workload/perceptron.mjs';
import { slowModelFile } from '../workload/slow-model.mjs';

export const ids = ['13'];
export const title = 'ONNX models in worker threads, saturated, with pings beside it';

const THREADS = [0, 1, 2];
const CONNECTIONS = 8;
const PINGS = 100; // a second

/** Two cores for the event loop and the threads; the load shares the second one. */
const CORES = '0,1';

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const { features } = JSON.parse(body);
  return [
    ...(await table('5 MB', perceptronFile(), answer)),
    ...(await table('50 ms a run', await slowModelFile(), { scores: features })),
  ];
}

/** A row for each number of threads; the servers are measured in turns. */
async function table(name, file, expected) {
  const fleet = new Fleet();
  const head = (threads) => ({
    case: '13',
    what: `Fastify, model of ${name}, ${threads} threads: p99 of /__ping`,
  });
  try {
    const sides = await Promise.all(
      THREADS.map((threads) =>
        fleet.side(
          {
            ...compiled(`onnx with ${threads} threads`, 'onnx-threads', {
              ADAPTER: 'fastify',
              MODEL: file,
              THREADS: String(threads),
            }),
            core: CORES,
          },
          {
            shot: { path: '/run', body },
            answer: expected,
            tolerance: 1e-3,
            refused: invalidBody,
          },
        ),
      ),
    );
    const rounds = THREADS.map(() => []);
    for (let round = 0; round < settings.rounds; round++) {
      for (const [i, { server }] of sides.entries()) rounds[i].push(await saturated(server.origin));
    }
    return await Promise.all(
      sides.map((side, i) =>
        row(head(THREADS[i]), async () => {
          await side.check();
          return measured(rounds[i], residentMb(side.server.pid));
        }),
      ),
    );
  } finally {
    await fleet.close();
  }
}

async function saturated(origin) {
  const [pings, calls] = await Promise.all([
    traffic({ origin, path: '/__ping', rate: PINGS, seconds: 2 }),
    traffic({ origin, path: '/run', body, connections: CONNECTIONS, seconds: 2.5 }),
  ]);
  return { pings, calls };
}

function measured(rounds, resident) {
  const p99 = rounds.map(({ pings }) => pings[200].p99);
  const p50 = median(rounds.map(({ pings }) => pings[200].p50));
  const rates = rounds.map(({ calls }) => calls[200].rate);
  const memory = resident === null ? '' : `; ${resident.toFixed(0)} MB resident`;
  return {
    figure: figureOf(p99, 'ms'),
    note: `p50 ${milliseconds(p50)}; the model answers ${perSecond(median(rates))}, at best ${perSecond(Math.max(...rates))}${memory}`,
    raw: { rounds, resident },
  };
}
