// A model of one thread that takes about 50 ms a run on the machine at hand.
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { writeModel } from './onnx.mjs';

const WIDTH = 256;
const ROWS = 512;
const TARGET_MS = 50;

/**
 * Makes ROWS rows of its one, multiplies them with the identity matrix `steps` times, and averages
 * them: whatever it takes, it gives back.
 */
function slowModel(steps) {
  const identity = new Float32Array(WIDTH * WIDTH);
  for (let i = 0; i < WIDTH; i++) identity[i * WIDTH + i] = 1;
  const step = (index) => [
    'MatMul',
    [index === 0 ? 'rows' : `step${index - 1}`, 'identity'],
    `step${index}`,
  ];
  return writeModel({
    name: 'slow',
    nodes: [
      ['MatMul', ['ones', 'features'], 'rows'],
      ...Array.from({ length: steps }, (_, index) => step(index)),
      ['MatMul', ['average', `step${steps - 1}`], 'scores'],
    ],
    weights: {
      ones: [[ROWS, 1], new Float32Array(ROWS).fill(1)],
      identity: [[WIDTH, WIDTH], identity],
      average: [[1, ROWS], new Float32Array(ROWS).fill(1 / ROWS)],
    },
    input: ['features', [1, WIDTH]],
    output: ['scores', [1, WIDTH]],
  });
}

/** Milliseconds of processor time a run, which other programs disturb least. */
async function runTime(file) {
  const runs = 15;
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const features = new Tensor('float32', new Float32Array(WIDTH), [1, WIDTH]);
  await session.run({ features });
  const start = process.cpuUsage();
  for (let run = 0; run < runs; run++) await session.run({ features });
  const { user, system } = process.cpuUsage(start);
  await session.release();
  return (user + system) / 1_000 / runs;
}

/** Writes the model for the time of this run. */
export async function slowModelFile() {
  const probe = 20;
  return slowModel(Math.round((probe * TARGET_MS) / (await runTime(slowModel(probe)))));
}
