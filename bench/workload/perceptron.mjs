// The model of case 4: a perceptron 256-1024-1024-16 in float32 with fixed weights, as an ONNX file.
import { writeModel } from './onnx.mjs';

const LAYERS = [256, 1024, 1024, 16];

/** Numbers in [-1, 1) that are the same in every run (a linear congruential generator). */
function sequence(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

const next = sequence(42);
const layers = LAYERS.slice(1).map((width, index) => {
  const inputs = LAYERS[index];
  const scale = Math.sqrt(3 / inputs);
  return {
    inputs,
    width,
    weights: Float32Array.from({ length: inputs * width }, () => next() * scale),
    bias: Float32Array.from({ length: width }, () => next() * 0.1),
  };
});

/** Writes the model, input `features` [N, 256], output `scores` [N, 16], for the time of this run. */
export function perceptronFile() {
  const nodes = [];
  const weights = {};
  const last = layers.length - 1;
  layers.forEach(({ inputs, width, weights: matrix, bias }, index) => {
    const input = index === 0 ? 'features' : `active${index - 1}`;
    const output = index === last ? 'scores' : `linear${index}`;
    weights[`weights${index}`] = [[inputs, width], matrix];
    weights[`bias${index}`] = [[width], bias];
    nodes.push(['Gemm', [input, `weights${index}`, `bias${index}`], output]);
    if (index !== last) nodes.push(['Relu', [output], `active${index}`]);
  });
  return writeModel({
    name: 'perceptron',
    nodes,
    weights,
    input: ['features', ['N', LAYERS[0]]],
    output: ['scores', ['N', LAYERS.at(-1)]],
  });
}

/** The same computation in plain JavaScript: what the servers' answers are checked against. */
function forward(features) {
  return layers.reduce((input, { inputs, width, weights, bias }, index) => {
    const output = Array.from(bias);
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < width; j++) output[j] += input[i] * weights[i * width + j];
    }
    return index === layers.length - 1 ? output : output.map((x) => Math.max(x, 0));
  }, features);
}

const feature = sequence(7);
const features = Array.from({ length: LAYERS[0] }, () => Math.round(feature() * 1_000) / 1_000);

export const body = JSON.stringify({ features });
export const answer = { scores: forward(features) };
export const invalidBody = JSON.stringify({ features: 'none' });
