import { Fleet } from '../harness/fleet.mjs';
import { compared, once, row } from '../harness/measure.mjs';
import { compiled } from '../harness/peers.mjs';
import { interleave } from '../harness/rounds.mjs';
import { answer, body, invalidBody, perceptronFile } from '../workload/perceptron.mjs';

export const ids = ['4'];
export const title = 'A perceptron on onnxruntime, 64 connections';

const expected = { answer, tolerance: 1e-3, refused: invalidBody };
const at = (path) => ({ ...expected, shot: { path, body } });

/** @param {(id: string) => boolean} _wanted */
export async function run(_wanted) {
  const env = { MODEL: perceptronFile() };
  const fleet = new Fleet();
  const ours = (adapter, path) =>
    fleet.side(
      compiled(`nestjs-model-serving/onnx ${adapter}`, 'onnx', { ...env, ADAPTER: adapter }),
      at(path),
    );
  const series = once(async () => {
    const sides = [
      await ours('fastify', '/batched'),
      await ours('express', '/batched'),
      await ours('fastify', '/single'),
      await fleet.side(compiled('node:http by hand, batched', 'onnx-by-hand', env), at('/')),
    ];
    const [fastify, express, single, byHand] = await interleave(sides, { connections: 64 });
    return { fastify, express, single, byHand };
  });
  const byHand = (name, own) =>
    row(
      {
        case: '4',
        what: `${name}: ONNX perceptron, batched`,
        against: 'node:http by hand, batched',
      },
      async () =>
        compared((await series())[own], (await series()).byHand, { rate: { atLeast: 0.85 } }),
    );
  const against = 'the same, unbatched';
  try {
    return [
      await byHand('Fastify', 'fastify'),
      await byHand('Express', 'express'),
      await row({ case: '4', what: 'Fastify: ONNX perceptron, batched', against }, async () => {
        const { fastify, single } = await series();
        return compared(fastify, single, { rate: { atLeast: 2 } });
      }),
      await row(
        { case: '4', what: 'Fastify: ONNX perceptron, batched, p99', against },
        async () => {
          const { fastify, single } = await series();
          return compared(fastify, single, { p99: { atMost: 1 } }, 'p99');
        },
      ),
    ];
  } finally {
    await fleet.close();
  }
}
