import { Fleet } from '../harness/fleet.mjs';
import { compared, once, row } from '../harness/measure.mjs';
import { ADAPTERS, bare, guarded, nodeHttp, ours } from '../harness/peers.mjs';
import { interleave } from '../harness/rounds.mjs';
import { answer, body, invalidBody } from '../workload/classify.mjs';

export const ids = ['1', '1b', '3'];
export const title = 'The example, 1.2 KB, through the whole pipeline';

const plain = { shot: { path: '/classify', body }, answer };
const validated = { ...plain, refused: invalidBody, metrics: '/__metrics' };
const cached = { ...validated, shot: { path: '/cached', body }, hit: true };

/** @param {(id: string) => boolean} wanted */
export async function run(wanted) {
  const rows = [];
  const fleet = new Fleet();
  try {
    if (wanted('1')) rows.push(...(await example(fleet)));
    if (wanted('1b')) rows.push(await behindGuard(fleet));
    if (wanted('3')) for (const adapter of ADAPTERS) rows.push(await cacheHit(fleet, adapter));
  } finally {
    await fleet.close();
  }
  return rows;
}

async function example(fleet) {
  const series = once(async () => {
    const sides = [];
    for (const [adapter] of ADAPTERS) sides.push(await fleet.side(ours(adapter), validated));
    for (const peer of [nodeHttp(), bare('fastify'), bare('express')]) {
      sides.push(await fleet.side(peer, plain));
    }
    const [fastify, express, byHand, bareFastify, bareExpress] = await interleave(sides);
    return { fastify, express, byHand, bareFastify, bareExpress };
  });
  const rows = [];
  for (const [peer, against, targets] of [
    ['byHand', 'node:http by hand', { cpu: { atMost: 1.2 } }],
    ['bareFastify', 'bare Nest on Fastify, no validation', { cpu: { atMost: 0.85 } }],
    ['bareExpress', 'bare Nest on Express', { cpu: { atMost: 0.23 }, rate: { atLeast: 4 } }],
  ]) {
    for (const [adapter, name] of ADAPTERS) {
      rows.push(
        await row({ case: '1', what: `${name}: the example`, against }, async () => {
          const measured = await series();
          return compared(measured[adapter], measured[peer], targets);
        }),
      );
    }
  }
  return rows;
}

function behindGuard(fleet) {
  const head = {
    case: '1b',
    what: 'Fastify: the example behind one guard of the app',
    against: 'bare Nest on Fastify with that guard',
  };
  return row(head, async () => {
    const own = await fleet.side(guarded(ours('fastify')), { ...validated, guarded: true });
    const peer = await fleet.side(guarded(bare('fastify')), { ...plain, guarded: true });
    return compared(...(await interleave([own, peer])), { cpu: { atMost: 1.15 } });
  });
}

function cacheHit(fleet, [adapter, name]) {
  const head = { case: '3', what: `${name}: a cache hit in memory`, against: 'the same, uncached' };
  return row(head, async () => {
    const hit = await fleet.side(ours(adapter), cached);
    const miss = await fleet.side(ours(adapter), validated);
    return compared(...(await interleave([hit, miss])), { cpu: { atMost: 1.08 } });
  });
}
