import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readBinaryRequest,
  readHeaderLength,
  writeRaw,
  writeResponse,
  type Datatype,
  type ExpectedTensor,
  type InferenceRequest,
  type Tensor,
} from '../../src/open-inference/tensors/index.js';
import { messageOf } from './message-of.js';

/** The body of a request with all inputs behind its JSON. */
function bodyOf(inputs: readonly Tensor[], shift = 0) {
  const parts = inputs.map(({ elements, datatype }) => writeRaw(elements, datatype));
  const heads = inputs.map(({ name, datatype, shape }, index) => ({
    name,
    datatype,
    shape,
    parameters: { binary_data_size: parts[index]!.length },
  }));
  const json = JSON.stringify({ inputs: heads }) + ' '.repeat(shift);
  return { body: Buffer.concat([Buffer.from(json), ...parts]), length: Buffer.byteLength(json) };
}

function head(datatype: string, shape: number[], size: unknown, more: object = {}) {
  return { name: 'a', datatype, shape, parameters: { binary_data_size: size }, ...more };
}

function read(inputs: readonly unknown[], bytes: Uint8Array) {
  const json = Buffer.from(JSON.stringify({ inputs }));
  return readBinaryRequest(Buffer.concat([json, bytes]), json.length, []).inputs;
}

/** Lists of elements of each datatype that two bytes hold exactly. */
const LISTS: Record<Datatype, fc.Arbitrary<Tensor['elements']>> = {
  BOOL: fc.array(fc.constantFrom(0, 1)).map((list) => Uint8Array.from(list)),
  UINT8: fc.uint8Array(),
  UINT16: fc.uint16Array(),
  UINT32: fc.uint32Array(),
  UINT64: fc.bigUint64Array(),
  INT8: fc.int8Array(),
  INT16: fc.int16Array(),
  INT32: fc.int32Array(),
  INT64: fc.bigInt64Array(),
  FP16: fc.array(fc.integer({ min: -2048, max: 2048 })).map((list) => Float32Array.from(list)),
  BF16: fc.array(fc.integer({ min: -256, max: 256 })).map((list) => Float32Array.from(list)),
  FP32: fc.float32Array(),
  FP64: fc.float64Array(),
  BYTES: fc.array(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
};

const tensors = fc.uniqueArray(
  fc.constantFrom(...(Object.keys(LISTS) as Datatype[])).chain((datatype) =>
    LISTS[datatype].map((elements): Tensor => {
      return { name: datatype, datatype, shape: [1, elements.length], elements };
    }),
  ),
  { selector: ({ name }) => name },
);

describe('tensors behind JSON', () => {
  it('come as they were sent, at any address', () => {
    fc.assert(
      fc.property(tensors, fc.nat(9), (inputs, shift) => {
        const { body, length } = bodyOf(inputs, shift);
        expect(readBinaryRequest(body, length, []).inputs).toMatchObject(
          inputs.map((input) => ({ ...input })),
        );
      }),
    );
  });

  it('are an error wherever they are cut, and where anything is behind them', () => {
    fc.assert(
      fc.property(tensors, (inputs) => {
        const { body, length } = bodyOf(inputs);
        for (let end = 0; end < body.length; end++) {
          messageOf(() => readBinaryRequest(body.subarray(0, end), length, []));
        }
        const longer = Buffer.concat([body, Buffer.of(0)]);
        expect(messageOf(() => readBinaryRequest(longer, length, []))).toContain('behind the JSON');
      }),
      { numRuns: 20 },
    );
  });

  it('stand beside others in JSON, in the order of the inputs', () => {
    const inputs = read(
      [
        head('INT8', [1], 1),
        { name: 'b', datatype: 'INT8', shape: [1], data: [7] },
        head('INT8', [2], 2, { name: 'c' }),
      ],
      Uint8Array.of(1, 2, 3),
    );
    expect(inputs.map(({ elements }) => [...elements])).toEqual([[1], [7], [2, 3]]);
  });

  it('are looked at where they are, if they can be', () => {
    const json = Buffer.from(JSON.stringify({ inputs: [head('FP64', [1], 8)] }).padEnd(96));
    const body = Buffer.from(new ArrayBuffer(104));
    body.set(json);
    const { elements } = readBinaryRequest(body, 96, []).inputs[0]!;
    expect((elements as Float64Array).buffer).toBe(body.buffer);
  });

  it.each([
    [head('INT32', [1], 3), 3, 'data: expected elements of 4 bytes of INT32, got 3 bytes'],
    [head('INT32', [2], 4), 4, 'data: expected 2 elements of shape [2], got 1'],
    [head('INT32', [0], 4), 4, 'data: expected 0 elements of shape [0], got 1'],
    [head('INT32', [2 ** 40, 2 ** 40], 4), 4, 'shape: expected fewer than 2^53 elements'],
    [head('INT32', [2 ** 50], 4), 4, `data: expected ${2 ** 50} elements of shape`],
    [head('INT8', [5], 5), 4, 'binary_data_size: expected at most the 4 bytes that are left'],
    [head('INT8', [2 ** 50], 2 ** 50), 4, 'binary_data_size: expected at most the 4 bytes'],
    [head('INT8', [1], -1), 1, 'binary_data_size: expected a number of bytes, got -1'],
    [head('INT8', [1], 0.5), 1, 'binary_data_size: expected a number of bytes, got 0.5'],
    [head('INT8', [1], '1'), 1, 'binary_data_size: expected a number of bytes, got "1"'],
    [head('INT8', [1], 1), 2, 'Expected 1 bytes behind the JSON, as the inputs say, got 2'],
    [head('BYTES', [1], 4), 3, 'binary_data_size: expected at most'],
    [head('BYTES', [1], 3), 3, 'data[0]: expected a length of 4 bytes, got 3'],
    [head('BYTES', [2], 4), 4, 'data: expected 2 elements of shape [2], got 1'],
    [head('INT8', [1], 1, { data: [1] }), 1, 'data: expected none beside binary_data_size'],
  ])('are not %j with %i bytes', (input, size, message) => {
    expect(messageOf(() => read([input], new Uint8Array(size)))).toContain(message);
  });

  it('are BYTES of the lengths that they say', () => {
    const bytes = Buffer.from('\u0002\0\0\0ab\0\0\0\0\u0001\0\0\0c', 'latin1');
    expect(read([head('BYTES', [3], 15)], bytes)[0]!.elements).toEqual(
      ['ab', '', 'c'].map((text) => Buffer.from(text)),
    );
    bytes.writeUInt32LE(2 ** 32 - 1, 10);
    expect(messageOf(() => read([head('BYTES', [3], 15)], bytes))).toContain(
      'inputs[0].data[2]: expected 4294967295 bytes, as its length says, got 1',
    );
  });

  it('are booleans of 0 and 1 only', () => {
    expect(messageOf(() => read([head('BOOL', [2], 2)], Uint8Array.of(1, 2)))).toContain(
      'inputs[0].data[1]: expected 0 or 1, got 2',
    );
  });

  it('may have no elements', () => {
    for (const datatype of Object.keys(LISTS)) {
      expect(read([head(datatype, [0, 3], 0)], new Uint8Array(0))[0]!.elements).toHaveLength(0);
    }
  });

  it('say in a header how long the JSON before them is', () => {
    expect(readHeaderLength(undefined)).toBeUndefined();
    expect(readHeaderLength('17')).toBe(17);
    for (const header of ['', '-1', '1.5', '1e3', '0x10', ' ', '9'.repeat(17), ['1', '2']]) {
      expect(messageOf(() => readHeaderLength(header))).toContain('to be a number of bytes');
    }
    const { body } = bodyOf([]);
    expect(messageOf(() => readBinaryRequest(body, body.length + 1, []))).toContain(
      `Expected a body of at least ${body.length + 1} bytes`,
    );
    expect(messageOf(() => readBinaryRequest(body, 3, []))).toContain('is not valid JSON');
    expect(messageOf(() => readBinaryRequest(Buffer.of(0xff), 1, []))).toContain('UTF-8');
  });
});

describe('a body of bytes only', () => {
  const readBare = (input: Partial<ExpectedTensor>, bytes: Buffer) =>
    readBinaryRequest(bytes, 0, [{ name: 'a', datatype: 'FP32', shape: [-1], ...input }]);

  it.each([
    [[-1], 16, [4]],
    [[4], 16, [4]],
    [[2, -1], 16, [2, 2]],
    [[-1, 4], 32, [2, 4]],
    [[-1, -1], 16, [1, 4]],
    [[-1, -1, 2], 16, [1, 2, 2]],
    [[], 4, []],
  ])('of a model that takes %j is %i bytes of shape %j', (shape, size, deduced) => {
    const request = readBare({ shape }, Buffer.alloc(size));
    expect(request.inputs[0]!.shape).toEqual(deduced);
    expect(request.parameters).toEqual({ binary_data_output: true });
  });

  it('is one string', () => {
    const { inputs } = readBare({ datatype: 'BYTES' }, Buffer.from('abc'));
    expect(inputs[0]).toMatchObject({ shape: [1], elements: [Buffer.from('abc')] });
  });

  it('fits the only input of the model', () => {
    const cut = () => readBare({}, Buffer.alloc(3));
    expect(messageOf(cut)).toContain('expected elements of 4 bytes');
    expect(messageOf(() => readBare({ shape: [2, -1] }, Buffer.alloc(12)))).toContain('expected 2');
    expect(messageOf(() => readBare({ shape: [0, -1] }, Buffer.alloc(4)))).toContain('expected 0');
    const open = () => readBare({ shape: [-1, -1, -1] }, Buffer.alloc(4));
    expect(messageOf(open)).toContain('shape is not known');
    const strings = () => readBare({ datatype: 'BYTES', shape: [2] }, Buffer.alloc(4));
    expect(messageOf(strings)).toContain('more than one element');
    expect(messageOf(() => readBinaryRequest(Buffer.alloc(4), 0, []))).toContain('takes 0 inputs');
  });
});

describe('halves', () => {
  it('are all that 16 bits can say', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, index) => index);
    for (const datatype of ['FP16', 'BF16'] as const) {
      const [tensor] = read([head(datatype, [65536], 131072)], new Uint8Array(all.buffer));
      const back = new Uint16Array(writeRaw(tensor!.elements, datatype).slice().buffer);
      const values = tensor!.elements as Float32Array;
      const changed = all.filter(
        (half, index) => half !== back[index] && !Number.isNaN(values[index]),
      );
      expect(changed).toHaveLength(0);
      expect(values[1]).toBe(datatype === 'FP16' ? 2 ** -24 : 2 ** -133);
      expect(values[0x3c00]).toBe(datatype === 'FP16' ? 1 : 2 ** -7);
    }
  });

  it('are the nearest to a number, the even one of two', () => {
    const halfOf = (value: number, datatype: Datatype) =>
      Buffer.from(writeRaw(Float32Array.of(value), datatype)).readUInt16LE();
    const cases: [number, number, number][] = [
      [1 + 2 ** -11, 0x3c00, 0x3f80],
      [1 + 3 * 2 ** -11, 0x3c02, 0x3f80],
      [1 + 2 ** -8, 0x3c04, 0x3f80],
      [1 + 3 * 2 ** -8, 0x3c0c, 0x3f82],
      [65519, 0x7bff, 0x4780],
      [65520, 0x7c00, 0x4780],
      [-Infinity, 0xfc00, 0xff80],
      [3.4e38, 0x7c00, 0x7f80],
      [-0, 0x8000, 0x8000],
      [2 ** -25, 0, 0x3300],
      [3 * 2 ** -25, 2, 0x33c0],
    ];
    for (const [value, half, brain] of cases) {
      expect([halfOf(value, 'FP16'), halfOf(value, 'BF16')]).toEqual([half, brain]);
    }
    expect(halfOf(NaN, 'FP16') & 0x7fff).toBeGreaterThan(0x7c00);
    expect(halfOf(NaN, 'BF16') & 0x7fff).toBeGreaterThan(0x7f80);
  });
});

describe('an answer', () => {
  const request = (more: Partial<InferenceRequest> = {}): InferenceRequest => ({
    inputs: [],
    ...more,
  });
  const write = (outputs: readonly Tensor[], asked: InferenceRequest) =>
    writeResponse({ modelName: 'm', modelVersion: '2', id: 'x', outputs }, asked);
  const ints: Tensor = {
    name: 'i',
    datatype: 'INT32',
    shape: [1, 2],
    elements: Int32Array.of(1, -2),
  };

  it('is JSON unless something else is asked for', () => {
    const { json, binary, headerLength } = write([ints], request());
    expect(JSON.parse(json)).toEqual({
      model_name: 'm',
      model_version: '2',
      id: 'x',
      outputs: [{ name: 'i', datatype: 'INT32', shape: [1, 2], data: [1, -2] }],
    });
    expect([binary, headerLength]).toEqual([[], undefined]);
    expect(JSON.parse(writeResponse({ modelName: 'm', outputs: [] }, request()).json)).toEqual({
      model_name: 'm',
      outputs: [],
    });
  });

  it('is binary for the outputs that are asked for so', () => {
    const other = { ...ints, name: 'j' };
    const { json, binary, headerLength } = write(
      [ints, other],
      request({
        parameters: { binary_data_output: true },
        outputs: [{ name: 'i' }, { name: 'j', parameters: { binary_data: false } }],
      }),
    );
    expect(JSON.parse(json).outputs).toEqual([
      { name: 'i', datatype: 'INT32', shape: [1, 2], parameters: { binary_data_size: 8 } },
      { name: 'j', datatype: 'INT32', shape: [1, 2], data: [1, -2] },
    ]);
    expect(headerLength).toBe(Buffer.byteLength(json));
    expect(binary.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(['01000000feffffff']);
  });

  it.each([
    ['BOOL', Uint8Array.of(1, 0), [true, false]],
    ['UINT64', BigUint64Array.of(1n, 2n ** 64n - 1n), [1, '18446744073709551615']],
    ['INT64', BigInt64Array.of(-1n, -(2n ** 53n)), [-1, '-9007199254740992']],
    ['FP64', Float64Array.of(1e300, -0.5), [1e300, -0.5]],
    ['BYTES', ['a"', Buffer.from('ä')], ['a"', 'ä']],
    ['BYTES', ['a', Buffer.of(255)], ['YQ==', '/w==']],
  ] as const)('of %s is JSON', (datatype, elements, data) => {
    const { json } = write([{ name: 'o', datatype, shape: [2], elements }], request());
    const [output] = JSON.parse(json).outputs;
    expect(output.data).toEqual(data);
    const isBase64 = data[0] === 'YQ==';
    expect(output.parameters).toEqual(isBase64 ? { content_type: 'base64' } : undefined);
  });

  it('is base64 where that is asked for', () => {
    const tensor: Tensor = { name: 'o', datatype: 'BYTES', shape: [1], elements: ['a'] };
    const outputs = [{ name: 'o', parameters: { content_type: 'base64' } }];
    expect(JSON.parse(write([tensor], request({ outputs })).json).outputs[0].data).toEqual([
      'YQ==',
    ]);
  });

  it.each([
    ['FP16', Float32Array.of(1), 'outputs[0].data: '],
    ['BF16', Float32Array.of(1), 'outputs[0].data: '],
    ['FP32', Float32Array.of(1, NaN), 'outputs[0].data[1]: '],
    ['FP64', Float64Array.of(Infinity), 'outputs[0].data[0]: '],
  ] as const)('of %s has to be asked for as binary', (datatype, elements, place) => {
    const tensor: Tensor = { name: 'o', datatype, shape: [elements.length], elements };
    expect(messageOf(() => write([tensor], request()))).toContain(place);
    const asked = request({ parameters: { binary_data_output: true } });
    expect(write([tensor], asked).binary).toHaveLength(1);
  });
});
