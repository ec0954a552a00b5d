import { Fleet } from '../harness/fleet.mjs';
import { compared, row } from '../harness/measure.mjs';
import { ADAPTERS, ours } from '../harness/peers.mjs';
import { interleave } from '../harness/rounds.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['5'];
export const title = 'A batch of one: one connection, a batched endpoint against an unbatched one';

const at = (path) => ({ shot: { path, body }, answer, refused: invalidBody });

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const rows = [];
  const fleet = new Fleet();
  try {
    for (const [adapter, name] of ADAPTERS) {
      const head = {
        case: '5',
        what: `${name}: a batch of one on an idle endpoint (maxDelay 0), p50`,
        against: 'the same, unbatched',
      };
      rows.push(
        await row(head, async () => {
          const batched = await fleet.side(ours(adapter), at('/batched'));
          const single = await fleet.side(ours(adapter), at('/classify'));
          const [a, b] = await interleave([batched, single], { connections: 1, requests: 4_000 });
          return compared(a, b, { cpu: { atMost: 1.02 }, p50: { atMost: 1.02 } }, 'p50');
        }),
      );
    }
    return rows;
  } finally {
    await fleet.close();
  }
}
