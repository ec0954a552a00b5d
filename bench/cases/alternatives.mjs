import { Fleet } from '../harness/fleet.mjs';
import { ratioRow } from '../harness/measure.mjs';
import { fastapi, flask, handMade, ours } from '../harness/peers.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['2'];
export const title = 'The example request against what a user would pick instead';

const shot = { path: '/classify', body };
const peer = { shot, answer, refused: invalidBody, metrics: '/metrics' };
const own = { ...peer, metrics: '/__metrics' };
const ownHit = { ...own, shot: { path: '/cached', body }, hit: true };

/** What to reach; none is only reported. */
const TARGETS = {
  fastify: { fastapi: 2, flask: 5, handMade: 1.2 },
  express: { fastapi: undefined, flask: 1.5, handMade: 1.2 },
};

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const fleet = new Fleet();
  try {
    for (const [adapter, targets] of Object.entries(TARGETS)) {
      const name = adapter === 'express' ? 'Express' : 'Fastify';
      const against = async (spec, factor, { hit = false } = {}) => {
        const what = `${name}${hit ? ', cache hit' : ''}: ours / ${spec.name}`;
        const target = factor && { atLeast: factor };
        rows.push(
          await ratioRow(
            { case: '2', what, target },
            () => fleet.side(ours(adapter), hit ? ownHit : own),
            () => fleet.side(spec, { ...peer, hit }),
          ),
        );
      };
      await against(fastapi(), targets.fastapi);
      await against(flask(), targets.flask);
      await against(handMade(adapter, 'class-validator'), targets.handMade);
      await against(handMade(adapter, 'zod'), targets.handMade);
      // The same with a cache on both sides; the case's targets are for the work without one.
      await against(flask(true), undefined, { hit: true });
      await against(handMade(adapter, 'zod', true), undefined, { hit: true });
    }
  } finally {
    await fleet.close();
  }
  return rows;
}
