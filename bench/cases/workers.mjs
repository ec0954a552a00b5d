import { Fleet } from '../harness/fleet.mjs';
import { compared, row } from '../harness/measure.mjs';
import { ADAPTERS, compiled } from '../harness/peers.mjs';
import { cores } from '../harness/machine.mjs';
import { interleave } from '../harness/rounds.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['12'];
export const title = 'Two worker processes against one';

const expectation = {
  shot: { path: '/classify', body },
  answer,
  refused: invalidBody,
  metrics: '/__metrics',
};

/** Two cores for the workers; the load has one of its own where the machine has three. */
const SERVERS = '0,1';
const LOAD = cores > 2 ? '2' : SERVERS;

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const fleet = new Fleet();
  const workers = (adapter, count) =>
    fleet.side(
      {
        ...compiled(`${count} worker${count > 1 ? 's' : ''} ${adapter}`, 'workers', {
          HTTP_ADAPTER: adapter,
          WORKERS: String(count),
        }),
        probed: false,
        readyPath: '/__ready',
        core: SERVERS,
      },
      expectation,
    );
  try {
    for (const [adapter, name] of ADAPTERS) {
      const shared = cores > 2 ? '' : ' (the load shares their two cores)';
      rows.push(
        await row(
          { case: '12', what: `${name}: two workers${shared}`, against: 'one worker' },
          async () => {
            const sides = [await workers(adapter, 2), await workers(adapter, 1)];
            return compared(...(await interleave(sides, { core: LOAD })));
          },
        ),
      );
    }
  } finally {
    await fleet.close();
  }
  return rows;
}
