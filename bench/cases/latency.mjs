import { Fleet } from '../harness/fleet.mjs';
import { latencyRatio, row } from '../harness/measure.mjs';
import { ours } from '../harness/peers.mjs';
import { compare } from '../harness/rounds.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['5'];
export const title = 'Idle latency: one connection, a batched endpoint against an unbatched one';

const at = (path) => ({ shot: { path, body }, answer, refused: invalidBody });

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const fleet = new Fleet();
  try {
    const head = {
      case: '5',
      what: 'Fastify: batched (maxDelay 0) / unbatched, p50 of one connection',
      unit: 'x',
      target: { atMost: 1.05 },
    };
    const measured = await row(head, async () => {
      const batched = await fleet.side(ours('fastify'), at('/batched'));
      const single = await fleet.side(ours('fastify'), at('/classify'));
      return latencyRatio(await compare(batched, single, { connections: 1 }), 'p50');
    });
    return [measured];
  } finally {
    await fleet.close();
  }
}
