import { Fleet } from '../harness/fleet.mjs';
import { ratioRow, row, perSecond } from '../harness/measure.mjs';
import { bare, nodeHttp, ours } from '../harness/peers.mjs';
import { rounds, summary } from '../harness/rounds.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['limits', '1', '1b', '3'];
export const title = 'The whole pipeline against bare Nest';

const plain = { shot: { path: '/classify', body }, answer };
const validated = { ...plain, refused: invalidBody, metrics: '/__metrics' };
const cached = { ...validated, shot: { path: '/cached', body }, hit: true };

const ADAPTERS = [
  { adapter: 'express', floor: 0.95, bareFloor: 0.88, hitFloor: 0.95 },
  { adapter: 'fastify', floor: 0.8, bareFloor: 0.6, hitFloor: 0.65 },
];

/** @param {(id: string) => boolean} wanted */
export async function run(wanted) {
  const rows = [];
  const fleet = new Fleet();
  const serving = (adapter) => () => fleet.side(ours(adapter), validated);
  try {
    if (wanted('limits')) {
      const by = async (spec) => {
        const result = summary(await rounds(await fleet.side(spec, plain)));
        return {
          value: result.best,
          note: `median ${perSecond(result.median)}`,
          raw: { sides: [{ server: spec.name, path: plain.shot.path, ...result }] },
        };
      };
      for (const spec of [nodeHttp(), bare('fastify'), bare('express')]) {
        const head = { case: 'limits', what: `${spec.name}, best round`, unit: '/s' };
        rows.push(await row(head, () => by(spec)));
      }
    }
    for (const { adapter, floor, bareFloor, hitFloor } of ADAPTERS) {
      const name = adapter === 'express' ? 'Express' : 'Fastify';
      if (wanted('1')) {
        rows.push(
          await ratioRow(
            {
              case: '1',
              what: `${name}: the example request / bare Nest + no-op interceptor`,
              target: { atLeast: floor },
            },
            serving(adapter),
            () => fleet.side(bare(adapter, true), plain),
          ),
        );
      }
      if (wanted('1b')) {
        rows.push(
          await ratioRow(
            {
              case: '1b',
              what: `${name}: the example request / bare Nest`,
              target: { atLeast: bareFloor },
            },
            serving(adapter),
            () => fleet.side(bare(adapter), plain),
          ),
        );
      }
      if (wanted('3')) {
        rows.push(
          await ratioRow(
            { case: '3', what: `${name}: a cache hit / bare Nest`, target: { atLeast: hitFloor } },
            () => fleet.side(ours(adapter), cached),
            () => fleet.side(bare(adapter), plain),
          ),
        );
      }
    }
  } finally {
    await fleet.close();
  }
  return rows;
}
