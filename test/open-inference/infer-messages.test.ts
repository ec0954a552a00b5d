import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidRequest } from 'nestjs-model-serving';
import {
  inferResponse,
  InferRequest,
  writeInferResponse,
} from '../../src/open-inference/grpc/infer-messages.js';
import { PROTO } from '../../src/open-inference/grpc/inference-proto.js';
import type { Datatype, Tensor } from '../../src/open-inference/tensors/index.js';
import { messageOf } from './message-of.js';

const Request = PROTO.root.lookupType('inference.ModelInferRequest');
const Response = PROTO.root.lookupType('inference.ModelInferResponse');

/** As protobufjs writes it. */
function read(message: object) {
  const bytes = Buffer.from(Request.encode(Request.fromObject(message)).finish());
  const read = new InferRequest(bytes);
  return { request: read.read(), isRaw: read.isRaw };
}

function input(datatype: string, shape: number[], contents?: object, name = 'a') {
  return { name, datatype, shape, ...(contents && { contents }) };
}

const TYPED: [Datatype, object, Tensor['elements']][] = [
  ['BOOL', { boolContents: [true, false] }, Uint8Array.of(1, 0)],
  ['UINT8', { uintContents: [0, 255] }, Uint8Array.of(0, 255)],
  ['UINT16', { uintContents: [0, 65535] }, Uint16Array.of(0, 65535)],
  ['UINT32', { uintContents: [0, 2 ** 32 - 1] }, Uint32Array.of(0, 2 ** 32 - 1)],
  [
    'UINT64',
    { uint64Contents: ['0', '18446744073709551615'] },
    BigUint64Array.of(0n, 2n ** 64n - 1n),
  ],
  ['INT8', { intContents: [-128, 127] }, Int8Array.of(-128, 127)],
  ['INT16', { intContents: [-32768, 32767] }, Int16Array.of(-32768, 32767)],
  ['INT32', { intContents: [-(2 ** 31), 2 ** 31 - 1] }, Int32Array.of(-(2 ** 31), 2 ** 31 - 1)],
  ['INT64', { int64Contents: ['-9223372036854775808', '1'] }, BigInt64Array.of(-(2n ** 63n), 1n)],
  ['FP32', { fp32Contents: [0.5, NaN] }, Float32Array.of(0.5, NaN)],
  ['FP64', { fp64Contents: [0.1, -Infinity] }, Float64Array.of(0.1, -Infinity)],
  [
    'BYTES',
    { bytesContents: [Buffer.from('a'), Buffer.of(255)] },
    [Buffer.from('a'), Buffer.of(255)],
  ],
];

describe('a tensor in a message', () => {
  it.each(TYPED)(
    'of %s has its elements in their list, both ways',
    (datatype, contents, elements) => {
      const { request, isRaw } = read({ inputs: [input(datatype, [2], contents)] });
      expect(isRaw).toBe(false);
      expect(request.inputs[0]!.elements).toEqual(elements);
      const answer = Response.decode(
        writeInferResponse(
          { modelName: 'm', outputs: [{ name: 'o', datatype, shape: [2], elements }] },
          false,
        ),
      );
      const written = Response.toObject(answer, { longs: String }) as {
        outputs: { contents: object }[];
      };
      expect(written.outputs[0]!.contents).toEqual(contents);
    },
  );

  it.each(TYPED)('of %s is raw in an answer to raw', (datatype, _contents, elements) => {
    const tensor = { name: 'o', datatype, shape: [1, 2], elements };
    const answer = Response.decode(writeInferResponse({ modelName: 'm', outputs: [tensor] }, true));
    const written = Response.toObject(answer, { longs: Number }) as {
      outputs: object[];
      rawOutputContents: Buffer[];
    };
    expect(written.outputs).toEqual([{ name: 'o', datatype, shape: [1, 2] }]);
    const again = read({
      inputs: [input(datatype, [1, 2])],
      rawInputContents: written.rawOutputContents,
    });
    expect(again).toMatchObject({ isRaw: true, request: { inputs: [{ elements }] } });
  });

  it('of 16 bits is raw, and then all of an answer is', () => {
    const half: Tensor = { name: 'h', datatype: 'FP16', shape: [1], elements: Float32Array.of(1) };
    const other: Tensor = { name: 'i', datatype: 'INT8', shape: [1], elements: Int8Array.of(1) };
    const answer = inferResponse({ modelName: 'm', outputs: [other, half] }, false);
    expect(answer).toEqual({
      modelName: 'm',
      outputs: [
        { name: 'i', datatype: 'INT8', shape: ['1'] },
        { name: 'h', datatype: 'FP16', shape: ['1'] },
      ],
      rawOutputContents: [Buffer.of(1), Buffer.of(0, 0x3c)],
    });
    expect(
      messageOf(() => read({ inputs: [input('FP16', [1], { fp32Contents: [1] })] })),
    ).toContain('inputs[0].contents: expected FP16 in raw_input_contents, got contents');
  });

  const one = input('INT8', [1], { intContents: [1] });
  it.each([
    [{ inputs: [input('INT8', [1])] }, 'inputs[0]: expected contents, or raw_input_contents'],
    [
      { inputs: [one], rawInputContents: [Buffer.of(1)] },
      'inputs[0].contents: expected none beside raw_input_contents, got some',
    ],
    [
      { inputs: [input('INT8', [1])], rawInputContents: [Buffer.of(1), Buffer.of(2)] },
      'raw_input_contents: expected one for each of 1 inputs, got 2',
    ],
    [
      {
        inputs: [input('INT8', [1]), input('INT8', [1], undefined, 'b')],
        rawInputContents: [Buffer.of(1)],
      },
      'raw_input_contents: expected one for each of 2 inputs, got 1',
    ],
    [
      {
        inputs: [input('INT8', [1]), { ...one, name: 'b' }],
        rawInputContents: [Buffer.of(1), Buffer.of(1)],
      },
      'inputs[1].contents: expected none beside raw_input_contents',
    ],
    [
      { inputs: [one, input('INT8', [1], undefined, 'b')] },
      'inputs[1]: expected contents, or raw_input_contents of the request, got neither',
    ],
    [
      { inputs: [input('INT16', [1])], rawInputContents: [Buffer.of(1)] },
      'raw_input_contents[0]: expected elements of 2 bytes of INT16, got 1 bytes',
    ],
    [
      { inputs: [input('BOOL', [2])], rawInputContents: [Buffer.of(1, 3)] },
      'raw_input_contents[0][1]: expected 0 or 1, got 3',
    ],
    [
      { inputs: [input('BYTES', [1])], rawInputContents: [Buffer.of(9, 0, 0, 0)] },
      'raw_input_contents[0][0]: expected 9 bytes, as its length says, got 0',
    ],
    [
      { inputs: [input('INT8', [2], { intContents: [1, 128] })] },
      'inputs[0].contents.int_contents[1]: expected an integer of INT8, got 128',
    ],
    [
      { inputs: [input('UINT16', [1], { uintContents: [65536] })] },
      'inputs[0].contents.uint_contents[0]: expected an integer of UINT16, got 65536',
    ],
    [
      { inputs: [input('INT32', [1], { fp32Contents: [1] })] },
      'inputs[0].contents: expected int_contents for INT32, got elements of another type',
    ],
    [
      { inputs: [input('INT32', [3], { intContents: [1] })] },
      'inputs[0].contents.int_contents: expected 3 elements of shape [3], got 1',
    ],
    [{ inputs: [input('INT32', [-1])] }, 'inputs[0].shape[0]: expected a dimension'],
    [
      { inputs: [input('INT32', [2 ** 40, 2 ** 40])] },
      'inputs[0].shape: expected fewer than 2^53 elements',
    ],
    [{ inputs: [input('FP8', [1])] }, 'inputs[0].datatype: expected a datatype'],
    [{ inputs: [{ ...one, name: '' }] }, 'inputs[0].name: expected a name, got ""'],
    [{ inputs: [one, one] }, 'inputs[1].name: expected each name once, got "a"'],
    [{ inputs: [one], outputs: [{ name: 'o' }, { name: 'o' }] }, 'outputs[1].name: expected each'],
  ])('is not %j', (message, expected) => {
    expect(messageOf(() => read(message))).toContain(expected);
  });

  it('may have no elements, in either way', () => {
    expect(read({ inputs: [input('FP32', [0])] }).request.inputs[0]!.elements).toHaveLength(0);
    const raw = read({ inputs: [input('FP32', [0, 2])], rawInputContents: [Buffer.alloc(0)] });
    expect(raw.request.inputs[0]!.elements).toHaveLength(0);
  });

  it('has parameters of five kinds, as the request and its outputs have', () => {
    const parameters = {
      b: { boolParam: false },
      i: { int64Param: -5 },
      s: { stringParam: '' },
      d: { doubleParam: 0.5 },
      u: { uint64Param: '18446744073709551615' },
      n: {},
    };
    const values = { b: false, i: -5, s: '', d: 0.5, u: 2n ** 64n - 1n };
    const { request } = read({
      modelName: 'm',
      id: 'x',
      parameters,
      inputs: [{ ...one, parameters }],
      outputs: [{ name: 'o', parameters }],
    });
    expect(request).toMatchObject({ id: 'x', parameters: values });
    expect({ ...request.inputs[0]!.parameters }).toEqual(values);
    expect({ ...request.outputs![0]!.parameters }).toEqual(values);
    const tensor = { ...request.inputs[0]!, name: 'o' };
    const answer = inferResponse({ modelName: 'm', outputs: [tensor] }, true);
    expect(answer).toMatchObject({
      outputs: [
        {
          parameters: {
            b: { boolParam: false },
            i: { int64Param: '-5' },
            s: { stringParam: '' },
            d: { doubleParam: 0.5 },
            u: { uint64Param: '18446744073709551615' },
          },
        },
      ],
    });
  });

  it('is refused, and nothing else happens, wherever its message is cut or changed', () => {
    const bytes = Buffer.from(
      Request.encode(
        Request.fromObject({
          modelName: 'm',
          inputs: [input('INT32', [2]), input('BYTES', [1], undefined, 'b')],
          rawInputContents: [Buffer.alloc(8), Buffer.of(1, 0, 0, 0, 65)],
        }),
      ).finish(),
    );
    const tryIt = (changed: Buffer) => {
      try {
        new InferRequest(changed).read();
      } catch (error) {
        if (!(error instanceof InvalidRequest)) throw error;
      }
    };
    for (let end = 0; end < bytes.length; end++) tryIt(bytes.subarray(0, end));
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        tryIt(changed);
      }),
      { numRuns: 2_000 },
    );
  });
});

it("reads what Triton's client for Python sends", () => {
  // Of the model `simple`: both inputs raw, both outputs asked for, an id, priority and timeout.
  const message = new InferRequest(
    Buffer.from(
      '0a0673696d706c651a0137220e0a087072696f7269747912022801220f0a0774696d656f75741204' +
        '10c0843d2a130a06494e505554301205494e5433321a0201102a130a06494e505554311205494e54' +
        '33321a02011032090a074f55545055543032090a074f5554505554313a4000000000010000000200' +
        '0000030000000400000005000000060000000700000008000000090000000a0000000b0000000c00' +
        '00000d0000000e0000000f0000003a40' +
        '01000000'.repeat(16),
      'hex',
    ),
  );
  expect([message.modelName, message.modelVersion, message.isRaw]).toEqual(['simple', '', true]);
  const shape = [1, 16];
  const datatype = 'INT32';
  expect(message.read()).toMatchObject({
    id: '7',
    parameters: { priority: 1, timeout: 1_000_000 },
    inputs: [
      { name: 'INPUT0', datatype, shape, elements: Int32Array.from({ length: 16 }, (_, i) => i) },
      { name: 'INPUT1', datatype, shape, elements: new Int32Array(16).fill(1) },
    ],
    outputs: [{ name: 'OUTPUT0' }, { name: 'OUTPUT1' }],
  });
});
