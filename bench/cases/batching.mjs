import { Fleet } from '../harness/fleet.mjs';
import { latencyRatio, rateRatio, ratioRow, row } from '../harness/measure.mjs';
import { compiled } from '../harness/peers.mjs';
import { compare } from '../harness/rounds.mjs';
import { answer, body, invalidBody, perceptronFile } from '../workload/perceptron.mjs';

export const ids = ['4'];
export const title = 'A perceptron on onnxruntime, 64 connections';

const expected = { answer, tolerance: 1e-3, refused: invalidBody };
const at = (path) => ({ ...expected, shot: { path, body } });
const options = { connections: 64 };

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const env = { MODEL: perceptronFile() };
  const fleet = new Fleet();
  const ours = (adapter, path) =>
    fleet.side(
      compiled(`nestjs-model-serving/onnx ${adapter}`, 'onnx', { ...env, ADAPTER: adapter }),
      at(path),
    );
  const byHand = () =>
    fleet.side(compiled('node:http by hand, batched', 'onnx-by-hand', env), at('/'));
  try {
    const rows = [];
    for (const [adapter, name, target] of [
      ['fastify', 'Fastify', { atLeast: 0.6 }],
      ['express', 'Express', undefined],
    ]) {
      rows.push(
        await ratioRow(
          { case: '4', what: `${name}: batched / node:http by hand, batched`, target },
          () => ours(adapter, '/batched'),
          byHand,
          options,
        ),
      );
    }
    let pairs;
    rows.push(
      await row(
        {
          case: '4',
          what: 'Fastify: batched / unbatched, rate',
          unit: 'x',
          target: { atLeast: 2 },
        },
        async () => {
          const batched = await ours('fastify', '/batched');
          const single = await ours('fastify', '/single');
          pairs = await compare(batched, single, options);
          return rateRatio(batched, single, pairs);
        },
      ),
      await row(
        { case: '4', what: 'Fastify: batched / unbatched, p99', unit: 'x', target: { atMost: 1 } },
        async () => {
          if (!pairs) throw new Error('the rates were not measured');
          return latencyRatio(pairs, 'p99');
        },
      ),
    );
    return rows;
  } finally {
    await fleet.close();
  }
}
