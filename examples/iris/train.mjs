// Trains the model of this example and writes iris.onnx: node examples/iris/train.mjs
//
// Softmax regression on Fisher's iris data (iris.csv: R. A. Fisher, "The use of multiple
// measurements in taxonomic problems", 1936), by full-batch gradient descent. Ten flowers of each
// species, chosen by the seed below, are held out: the model is measured on them, not trained.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const SEED = 1936;
const HELD_OUT_OF_EACH_SPECIES = 10;
const EPOCHS = 2000;
const LEARNING_RATE = 0.5;
const WEIGHT_DECAY = 1e-3;
export const SPECIES = ['setosa', 'versicolor', 'virginica'];

/** The flowers as `{ features, label }`, split as in training. */
export function split() {
  const random = mulberry32(SEED);
  const flowers = readFileSync(new URL('./iris.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
    .map((cells) => ({
      features: cells.slice(0, 4).map(Number),
      label: SPECIES.indexOf(cells[4]),
    }));
  const training = [];
  const heldOut = [];
  for (const label of SPECIES.keys()) {
    const species = shuffled(
      flowers.filter((flower) => flower.label === label),
      random,
    );
    heldOut.push(...species.slice(0, HELD_OUT_OF_EACH_SPECIES));
    training.push(...species.slice(HELD_OUT_OF_EACH_SPECIES));
  }
  return { training, heldOut };
}

function train(flowers) {
  const columns = [0, 1, 2, 3].map((i) => flowers.map(({ features }) => features[i]));
  const mean = columns.map(average);
  const deviation = columns.map((column, i) =>
    Math.sqrt(average(column.map((value) => (value - mean[i]) ** 2))),
  );
  const weights = mean.map(() => [0, 0, 0]);
  const bias = [0, 0, 0];
  const model = { mean, deviation, weights, bias };
  const inputs = flowers.map(({ features }) => standardised(model, features));
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const errors = flowers.map(({ label }, n) =>
      softmax(scores(model, inputs[n])).map((p, k) => p - (k === label ? 1 : 0)),
    );
    for (const k of bias.keys()) {
      bias[k] -= LEARNING_RATE * average(errors.map((error) => error[k]));
      for (const i of weights.keys()) {
        const gradient = average(errors.map((error, n) => error[k] * inputs[n][i]));
        weights[i][k] -= LEARNING_RATE * (gradient + WEIGHT_DECAY * weights[i][k]);
      }
    }
  }
  return model;
}

const standardised = ({ mean, deviation }, features) =>
  features.map((value, i) => (value - mean[i]) / deviation[i]);

const scores = ({ weights, bias }, input) =>
  bias.map((b, k) => b + input.reduce((sum, value, i) => sum + value * weights[i][k], 0));

function softmax(values) {
  const exponentials = values.map((value) => Math.exp(value - Math.max(...values)));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}

function accuracy(model, flowers) {
  const right = flowers.filter(({ features, label }) => {
    const probabilities = softmax(scores(model, standardised(model, features)));
    return probabilities.indexOf(Math.max(...probabilities)) === label;
  });
  return right.length / flowers.length;
}

/** The graph: (features - mean) / deviation * weights + bias, softmax. */
function encode({ mean, deviation, weights, bias }) {
  const root = protobuf.loadSync(fileURLToPath(new URL('./onnx.proto', import.meta.url)));
  const ModelProto = root.lookupType('onnx.ModelProto');
  const FLOAT = 1;
  const value = (name, dims) => ({
    name,
    type: {
      tensorType: {
        elemType: FLOAT,
        shape: {
          dim: dims.map((d) => (typeof d === 'string' ? { dimParam: d } : { dimValue: d })),
        },
      },
    },
  });
  const tensor = (name, dims, floatData) => ({ name, dims, dataType: FLOAT, floatData });
  const node = (opType, input, output, attribute = []) => ({
    opType,
    input,
    output: [output],
    attribute,
  });
  const graph = {
    name: 'iris',
    input: [value('features', ['batch', 4])],
    output: [value('probabilities', ['batch', 3])],
    initializer: [
      tensor('mean', [4], mean),
      tensor('deviation', [4], deviation),
      tensor('weights', [4, 3], weights.flat()),
      tensor('bias', [3], bias),
    ],
    node: [
      node('Sub', ['features', 'mean'], 'centred'),
      node('Div', ['centred', 'deviation'], 'standardised'),
      node('Gemm', ['standardised', 'weights', 'bias'], 'scores'),
      node('Softmax', ['scores'], 'probabilities', [{ name: 'axis', i: 1, type: 2 }]),
    ],
  };
  return ModelProto.encode(
    ModelProto.fromObject({
      irVersion: 8,
      producerName: 'nestjs-model-serving/examples/iris',
      opsetImport: [{ domain: '', version: 13 }],
      graph,
    }),
  ).finish();
}

function average(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function shuffled(items, random) {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/** A small seeded random generator: the same split on every machine. */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { training, heldOut } = split();
  const model = train(training);
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  writeFileSync(new URL('./iris.onnx', import.meta.url), encode(model));
  console.log(
    `training accuracy (${training.length} flowers): ${percent(accuracy(model, training))}`,
  );
  console.log(
    `held-out accuracy (${heldOut.length} flowers): ${percent(accuracy(model, heldOut))}`,
  );
}
