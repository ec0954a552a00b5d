import { expect, it } from 'vitest';
import { InvalidRequest } from 'nestjs-model-serving';
import { InferRequest } from '../../src/open-inference/grpc/infer-messages.js';
import { PROTO } from '../../src/open-inference/grpc/inference-proto.js';
import { readBinaryRequest, writeResponse } from '../../src/open-inference/tensors/index.js';
import { mutated, randomOf } from './mutation.js';

const SEED = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 32));
/** A hundred thousand take some seconds more. */
const CASES = Number(process.env['FUZZ_CASES'] ?? 20_000);

const JSON_BODY = Buffer.from(
  JSON.stringify({
    id: 'x',
    parameters: { timeout: 5, binary_data_output: true },
    inputs: [
      {
        name: 'a',
        shape: [2, 2],
        datatype: 'INT32',
        data: [
          [1, 2],
          [3, 4],
        ],
      },
      { name: 'b', shape: [2], datatype: 'BYTES', data: ['x', 'y'] },
      { name: 'c', shape: [1], datatype: 'INT64', data: ['9007199254740993'] },
      { name: 'd', shape: [3], datatype: 'FP32', data: [1.5, -0, 1e10] },
    ],
    outputs: [{ name: 'o', parameters: { binary_data: false } }],
  }),
);
const HEAD = Buffer.from(
  JSON.stringify({
    inputs: [
      { name: 'a', shape: [1, 2], datatype: 'FP32', parameters: { binary_data_size: 8 } },
      { name: 'b', shape: [2], datatype: 'BYTES', parameters: { binary_data_size: 10 } },
      { name: 'c', shape: [2], datatype: 'BOOL', data: [true, false] },
      { name: 'd', shape: [2], datatype: 'FP16', parameters: { binary_data_size: 4 } },
    ],
  }),
);
const BINARY_BODY = Buffer.concat([
  HEAD,
  Buffer.alloc(8, 1),
  Buffer.from('\u0001\0\0\0a\u0001\0\0\0b', 'latin1'),
  Buffer.alloc(4, 2),
]);
const Request = PROTO.root.lookupType('inference.ModelInferRequest');
const messageOf = (message: object) =>
  Buffer.from(Request.encode(Request.fromObject(message)).finish());
const readMessage = (bytes: Buffer) => new InferRequest(bytes).read();
const TYPED = messageOf({
  modelName: 'm',
  id: 'x',
  parameters: { timeout: { int64Param: 5 } },
  inputs: [
    { name: 'a', datatype: 'INT8', shape: [2], contents: { intContents: [1, 2] } },
    { name: 'b', datatype: 'BYTES', shape: [1], contents: { bytesContents: [Buffer.from('b')] } },
    { name: 'c', datatype: 'UINT64', shape: [1], contents: { uint64Contents: [7] } },
  ],
  outputs: [{ name: 'o' }],
});
const RAW = messageOf({
  modelName: 'm',
  inputs: [
    { name: 'a', datatype: 'FP64', shape: [1, 1] },
    { name: 'b', datatype: 'BYTES', shape: [1] },
  ],
  rawInputContents: [Buffer.alloc(8), Buffer.from('\u0001\0\0\0b', 'latin1')],
});

it(`reads or refuses whatever comes (${CASES} cases of seed ${SEED})`, { timeout: 300_000 }, () => {
  const random = randomOf(SEED);
  const inputs = [{ name: 'a', datatype: 'FP32', shape: [-1] }] as const;
  const ways: [Buffer, (bytes: Buffer) => unknown][] = [
    [JSON_BODY, (bytes) => echo(bytes, undefined)],
    [BINARY_BODY, (bytes) => echo(bytes, HEAD.length)],
    [BINARY_BODY, (bytes) => echo(bytes, random(bytes.length + 9))],
    [Buffer.alloc(16), (bytes) => readBinaryRequest(bytes, 0, inputs)],
    [TYPED, readMessage],
    [RAW, readMessage],
  ];
  let refused = 0;
  for (let i = 0; i < CASES; i++) {
    const [bytes, read] = ways[i % ways.length]!;
    const changed = mutated(bytes, random);
    try {
      read(changed);
    } catch (error) {
      if (!(error instanceof InvalidRequest)) {
        throw new Error(`Case ${i} of seed ${SEED}: ${changed.toString('base64')}`, {
          cause: error,
        });
      }
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(CASES / 2);
  expect(refused).toBeLessThan(CASES);
});

/** What can be read can be written. */
function echo(bytes: Buffer, headerLength: number | undefined): void {
  const request = readBinaryRequest(bytes, headerLength, []);
  const response = { modelName: 'm', outputs: request.inputs };
  const { json, binary } = writeResponse(response, { ...request, outputs: [] });
  const again = readBinaryRequest(
    Buffer.concat([Buffer.from(json.replace('"outputs"', '"inputs"')), ...binary]),
    Buffer.byteLength(json) - 1,
    [],
  );
  expect(again.inputs.map(({ shape }) => shape)).toEqual(request.inputs.map(({ shape }) => shape));
}
