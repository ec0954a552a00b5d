import { Fleet } from '../harness/fleet.mjs';
import { compared, once, row } from '../harness/measure.mjs';
import { ADAPTERS, fastapi, flask, handMade, ours } from '../harness/peers.mjs';
import { interleave, settings } from '../harness/rounds.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['2'];
export const title = 'The example against what a user would pick instead';

const shot = { path: '/classify', body };
const peer = { shot, answer, refused: invalidBody, metrics: '/metrics' };
const own = { ...peer, metrics: '/__metrics' };
const ownHit = { ...own, shot: { path: '/cached', body }, hit: true };

/** Each peer in turns with this library on the adapters it is compared on. */
const peers = () => [
  { spec: fastapi(), adapters: ADAPTERS, rate: { atLeast: 2.5 } },
  { spec: flask(), adapters: ADAPTERS, rate: { atLeast: 6.5 } },
  { spec: flask(true), adapters: ADAPTERS, rate: { atLeast: 6.5 }, hit: true },
  ...ADAPTERS.flatMap(([adapter, name]) => [
    { spec: handMade(adapter, 'class-validator'), adapters: [[adapter, name]] },
    { spec: handMade(adapter, 'zod'), adapters: [[adapter, name]] },
    { spec: handMade(adapter, 'zod', true), adapters: [[adapter, name]], hit: true },
  ]),
];

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const fleet = new Fleet();
  try {
    for (const { spec, adapters, rate, hit = false } of peers()) {
      const series = once(async () => {
        const sides = [await fleet.side(spec, { ...peer, hit })];
        for (const [adapter] of adapters) {
          sides.push(await fleet.side(ours(adapter), hit ? ownHit : own));
        }
        return interleave(sides, { requests: settings.requests / 2 }); // the slowest peers
      });
      for (const [index, [, name]] of adapters.entries()) {
        const what = `${name}: ${hit ? 'a cache hit' : 'the example'}`;
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
