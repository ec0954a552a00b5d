import { Fleet } from '../harness/fleet.mjs';
import { compared, once, row } from '../harness/measure.mjs';
import { fastapi, flask, handMade, ours } from '../harness/peers.mjs';
import { interleave, settings } from '../harness/rounds.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['2'];
export const title = 'The example against what a user would pick instead';

const shot = { path: '/classify', body };
const peer = { shot, answer, refused: invalidBody, metrics: '/metrics' };
const own = { ...peer, metrics: '/__metrics' };
const ownHit = { ...own, shot: { path: '/cached', body }, hit: true };

const NAMES = { fastify: 'Fastify', express: 'Express' };
const BOTH = ['fastify', 'express'];

/** Each peer in turns with this library on the adapters it is compared on. */
const PEERS = [
  { spec: fastapi(), adapters: BOTH, rate: { atLeast: 2.5 } },
  { spec: flask(), adapters: BOTH, rate: { atLeast: 6.5 } },
  { spec: flask(true), adapters: BOTH, rate: { atLeast: 6.5 }, hit: true },
  ...BOTH.flatMap((adapter) => [
    { spec: handMade(adapter, 'class-validator'), adapters: [adapter] },
    { spec: handMade(adapter, 'zod'), adapters: [adapter] },
    { spec: handMade(adapter, 'zod', true), adapters: [adapter], hit: true },
  ]),
];

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const fleet = new Fleet();
  try {
    for (const { spec, adapters, rate, hit = false } of PEERS) {
      const series = once(async () => {
        const sides = [await fleet.side(spec, { ...peer, hit })];
        for (const adapter of adapters) {
          sides.push(await fleet.side(ours(adapter), hit ? ownHit : own));
        }
        return interleave(sides, { requests: settings.requests / 2 }); // the slowest peers
      });
      for (const [index, adapter] of adapters.entries()) {
        const what = `${NAMES[adapter]}: ${hit ? 'a cache hit' : 'the example'}`;
        rows.push(
          await row({ case: '2', what, against: spec.name }, async () => {
            const [theirs, ...mine] = await series();
            return compared(mine[index], theirs, { rate });
          }),
        );
      }
    }
  } finally {
    await fleet.close();
  }
  return rows;
}
