// The model of jobs.mjs: 16 numbers, and as many layers of 1024 as it takes for a run to cost something.
import { writeModel } from './onnx.mjs';

const WIDTH = 1_024;
const INPUTS = 16;

/** Writes the model, input `features` [N, 16], output `scores` [N, 1024], for the time of this run. */
export function deepPerceptronFile(depth) {
  const matrix = (rows) =>
    Float32Array.from({ length: rows * WIDTH }, (_, i) => Math.sin(i) / rows);
  const weights = {
    first: [[INPUTS, WIDTH], matrix(INPUTS)],
    inner: [[WIDTH, WIDTH], matrix(WIDTH)],
  };
  const nodes = [['MatMul', ['features', 'first'], 'layer0']];
  for (let layer = 1; layer <= depth; layer++) {
    const output = layer === depth ? 'scores' : `layer${layer}`;
    nodes.push(['MatMul', [`layer${layer - 1}`, 'inner'], output]);
  }
  return writeModel({
    name: 'deep-perceptron',
    nodes,
    weights,
    input: ['features', ['N', INPUTS]],
    output: ['scores', ['N', WIDTH]],
  });
}
