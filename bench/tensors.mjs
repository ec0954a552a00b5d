// node bench/tensors.mjs: what tensors cost to read and to write, against the same by hand. Needs `npm run compile`.
import {
  InferRequest,
  writeInferResponse,
} from '../dist/src/open-inference/grpc/infer-messages.js';
import { readBinaryRequest, writeResponse } from '../dist/src/open-inference/tensors/index.js';

const ROUNDS = 21;
const ROUND_MS = 30;

const COUNT = 1_000_000;
const VALUES = Float32Array.from({ length: COUNT }, (_, i) => Math.sin(i));
const BYTES = Buffer.from(VALUES.buffer);
const input = { name: 'a', shape: [1, COUNT], datatype: 'FP32' };

const HEAD = Buffer.from(
  JSON.stringify({
    inputs: [{ ...input, parameters: { binary_data_size: BYTES.length } }],
    parameters: { binary_data_output: true },
  }),
);
const BINARY = Buffer.concat([HEAD, BYTES]);
const TEXT = Buffer.from(JSON.stringify({ inputs: [{ ...input, data: Array.from(VALUES) }] }));
const ANSWER = { modelName: 'm', outputs: [{ ...input, elements: VALUES }] };
const MESSAGE = writeInferResponse(ANSWER, true);
/** The same message as a request: the bytes of an answer stand under another number. */
const ASKED = Buffer.from(MESSAGE);
ASKED[MESSAGE.length - BYTES.length - 5] = (7 << 3) | 2;
ASKED.set([0x2a], MESSAGE.indexOf(Buffer.from([0x2a])));

const answerTo = ({ inputs: [tensor] }) => ({ modelName: 'm', outputs: [tensor] });

const CASES = [
  [
    'JSON and binary data',
    () => {
      const request = readBinaryRequest(BINARY, HEAD.length, []);
      const { json, binary } = writeResponse(answerTo(request), request);
      return Buffer.concat([Buffer.from(json), ...binary]);
    },
    () => {
      const { inputs } = JSON.parse(BINARY.toString('utf8', 0, HEAD.length));
      const values = new Float32Array(new Uint8Array(BINARY.subarray(HEAD.length)).buffer);
      return Buffer.concat([Buffer.from(JSON.stringify(inputs)), Buffer.from(values.buffer)]);
    },
  ],
  [
    'a raw message of gRPC',
    () => writeInferResponse(answerTo(new InferRequest(ASKED).read()), true),
    () => {
      const values = new Float32Array(
        new Uint8Array(ASKED.subarray(ASKED.length - BYTES.length)).buffer,
      );
      return Buffer.concat([
        ASKED.subarray(0, ASKED.length - BYTES.length),
        Buffer.from(values.buffer),
      ]);
    },
  ],
  [
    'JSON',
    () => {
      const request = readBinaryRequest(TEXT, undefined, []);
      return writeResponse(answerTo(request), request).json;
    },
    () => {
      const [{ data }] = JSON.parse(TEXT.toString()).inputs;
      return JSON.stringify({ outputs: [{ data: Array.from(Float32Array.from(data)) }] });
    },
  ],
];

/** Processor time, since others may be at work on the same cores; each function in turn. */
function alternate(functions) {
  functions.forEach(time);
  return Array.from({ length: ROUNDS }, () => functions.map(time));
}

function time(action) {
  let calls = 0;
  const started = performance.now();
  const before = process.cpuUsage();
  do {
    action();
    calls++;
  } while (performance.now() - started < ROUND_MS);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}

console.log(`1 x ${COUNT} FP32, read and written                ours (ms)  by hand   ratio`);
for (const [what, ours, byHand] of CASES) {
  const rounds = alternate([ours, byHand]);
  // The least: when garbage of megabytes is collected, and at whose cost, is a lottery.
  const [a, b] = [0, 1].map((index) => Math.min(...rounds.map((round) => round[index])) / 1000);
  const figures = [
    a.toFixed(2).padStart(11),
    b.toFixed(2).padStart(8),
    (a / b).toFixed(2).padStart(7),
  ];
  console.log(`${what.padEnd(44)} ${figures.join(' ')}`);
}
