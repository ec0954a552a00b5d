// Trains the model of this example and writes picture.onnx and circle.png: node examples/picture/train.mjs
//
// Softmax regression on the 16 x 16 pixels of pictures that are drawn here: circles, crosses and squares of
// many sizes and places, in ink that is more or less black, with noise. A fifth of them is held out.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';
import sharp from 'sharp';

const SEED = 16;
const SIDE = 16;
const PIXELS = SIDE * SIDE;
const PICTURES = 1_500;
const EPOCHS = 150;
const LEARNING_RATE = 0.2;

/** Whether a shape of a size has ink at a distance from its middle. */
const SHAPES = {
  CIRCLE: (x, y, size) => Math.abs(Math.hypot(x, y) - size) < 0.8,
  CROSS: (x, y, size) => Math.abs(Math.abs(x) - Math.abs(y)) < 0.9 && Math.abs(x) <= size,
  SQUARE: (x, y, size) => Math.abs(Math.max(Math.abs(x), Math.abs(y)) - size) < 0.8,
};
export const NAMES = Object.keys(SHAPES);

/** Pixels from 0, black, to 1, white. */
function draw(name, random) {
  const size = 4 + 2.5 * random();
  const [left, top] = [7.5 + 2 * (random() - 0.5), 7.5 + 2 * (random() - 0.5)];
  const ink = 0.5 + random() / 2;
  return Array.from({ length: PIXELS }, (_, i) => {
    const isInk = SHAPES[name]((i % SIDE) - left, Math.floor(i / SIDE) - top, size);
    return Math.min(1, Math.max(0, (isInk ? 1 - ink : 1) - 0.1 * random()));
  });
}

/** Drawings as `{ pixels, label }`, the same ones each time. */
export function drawings() {
  const random = mulberry32(SEED);
  return Array.from({ length: PICTURES }, (_, n) => {
    const label = n % NAMES.length;
    return { pixels: draw(NAMES[label], random), label };
  });
}

function train(pictures) {
  const weights = NAMES.map(() => new Float64Array(PIXELS));
  const bias = NAMES.map(() => 0);
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    for (const { pixels, label } of pictures) {
      const rate = LEARNING_RATE / (1 + epoch);
      softmax(scores({ weights, bias }, pixels)).forEach((probability, k) => {
        const step = rate * (probability - (k === label ? 1 : 0));
        bias[k] -= step;
        pixels.forEach((pixel, i) => (weights[k][i] -= step * pixel));
      });
    }
  }
  return { weights, bias };
}

const scores = ({ weights, bias }, pixels) =>
  weights.map((row, k) => pixels.reduce((sum, pixel, i) => sum + pixel * row[i], bias[k]));

function softmax(values) {
  const exponentials = values.map((value) => Math.exp(value - Math.max(...values)));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}

function accuracy(model, pictures) {
  const right = pictures.filter(({ pixels, label }) => {
    const all = scores(model, pixels);
    return all.indexOf(Math.max(...all)) === label;
  });
  return right.length / pictures.length;
}

/** The graph: softmax of pixels * weights + bias. */
function encode({ weights, bias }) {
  const file = fileURLToPath(new URL('../iris/onnx.proto', import.meta.url));
  const ModelProto = protobuf.loadSync(file).lookupType('onnx.ModelProto');
  const FLOAT = 1;
  const value = (name, size) => {
    const shape = { dim: [{ dimParam: 'batch' }, { dimValue: size }] };
    return { name, type: { tensorType: { elemType: FLOAT, shape } } };
  };
  const tensor = (name, dims, floatData) => ({ name, dims, dataType: FLOAT, floatData });
  const columns = Array.from({ length: PIXELS }, (_, i) => weights.map((row) => row[i]));
  const graph = {
    name: 'picture',
    input: [value('pixels', PIXELS)],
    output: [value('probabilities', NAMES.length)],
    initializer: [
      tensor('weights', [PIXELS, NAMES.length], columns.flat()),
      tensor('bias', [NAMES.length], bias),
    ],
    node: [
      { opType: 'Gemm', input: ['pixels', 'weights', 'bias'], output: ['scores'] },
      {
        opType: 'Softmax',
        input: ['scores'],
        output: ['probabilities'],
        attribute: [{ name: 'axis', i: 1, type: 2 }],
      },
    ],
  };
  const opsetImport = [{ domain: '', version: 13 }];
  const producerName = 'nestjs-model-serving/examples/picture';
  const model = ModelProto.fromObject({ irVersion: 8, producerName, opsetImport, graph });
  return ModelProto.encode(model).finish();
}

/** A small seeded random generator: the same drawings on every machine. */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A picture as a file, larger than the model sees it. */
export function asPng(pixels, side = 64) {
  const raw = { width: SIDE, height: SIDE, channels: 1 };
  return sharp(
    Uint8Array.from(pixels, (pixel) => 255 * pixel),
    { raw },
  )
    .resize(side, side, { kernel: 'nearest' })
    .png()
    .toBuffer();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const pictures = drawings();
  const heldOut = pictures.slice(0, PICTURES / 5);
  const model = train(pictures.slice(PICTURES / 5));
  writeFileSync(new URL('./picture.onnx', import.meta.url), encode(model));
  writeFileSync(new URL('./circle.png', import.meta.url), await asPng(heldOut[0].pixels));
  console.log(`held-out accuracy: ${(100 * accuracy(model, heldOut)).toFixed(1)} %`);
}
