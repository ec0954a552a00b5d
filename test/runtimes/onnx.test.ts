import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Tensor } from 'onnxruntime-node';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { ConfigurationError, InvalidRequest } from '../../src/errors/index.js';
import {
  fromFloat16,
  OnnxInputError,
  OnnxModel,
  type OnnxModelOptions,
  type TensorLike,
} from '../../src/runtimes/onnx/index.js';
import { writeGraph, type Graph } from './onnx-graph.js';

const directory = mkdtempSync(join(tmpdir(), 'onnx-test-'));
const models: OnnxModel[] = [];

afterEach(async () => {
  await Promise.all(models.splice(0).map((model) => model.release()));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function load(graph: Graph, options?: OnnxModelOptions) {
  const model = new OnnxModel(writeGraph(directory, graph), options);
  models.push(model);
  await model.load();
  return model;
}

/** A model that gives back its input `x` as `y`. */
const identity = (type: string, shape?: (number | string)[], options?: OnnxModelOptions) =>
  load(
    {
      inputs: { x: [type, shape] },
      outputs: { y: [type, shape] },
      nodes: [['Identity', ['x'], ['y']]],
    },
    options,
  );

const sum: Graph = {
  inputs: { a: ['FLOAT', ['batch', 2]], b: ['FLOAT', ['batch', 2]] },
  outputs: { c: ['FLOAT', ['batch', 2]] },
  nodes: [['Add', ['a', 'b'], ['c']]],
};

describe('what a float input takes', () => {
  const rows = [1, 2, 3, 4];
  test.each<[string, TensorLike, number[], number[]]>([
    [
      'nested arrays',
      [
        [1, 2],
        [3, 4],
      ],
      [2, 2],
      rows,
    ],
    [
      'an array of typed arrays',
      [new Float32Array([1, 2]), new Float64Array([3, 4])],
      [2, 2],
      rows,
    ],
    ['flat numbers', [1, 2, 3, 4], [2, 2], rows],
    ['a flat typed array', new Float32Array(rows), [2, 2], rows],
    ['a typed array of another type', new Int8Array(rows), [2, 2], rows],
    ['a tensor', new Tensor('float32', rows, [2, 2]), [2, 2], rows],
    ['one row', [1, 2], [1, 2], [1, 2]],
  ])('%s', async (_, x, dims, data) => {
    const { y } = await (await identity('FLOAT', ['batch', 2])).run({ x });
    expect(y?.dims).toEqual(dims);
    expect(y?.data).toEqual(new Float32Array(data));
  });

  test('a scalar, for a rank of none or of one', async () => {
    const scalar = await (await identity('FLOAT', [])).run({ x: 7 });
    expect([scalar.y?.dims, scalar.y?.data]).toEqual([[], new Float32Array([7])]);
    const vector = await (await identity('FLOAT', [1])).run({ x: 7 });
    expect(vector.y?.dims).toEqual([1]);
  });

  test('any shape, where the model does not tell its rank', async () => {
    const { y } = await (await identity('FLOAT')).run({ x: [[[1], [2]]] });
    expect(y?.dims).toEqual([1, 2, 1]);
  });
});

describe('element types', () => {
  test.each<[string, TensorLike, ArrayLike<unknown>]>([
    ['INT64', [1, 2n, '-9223372036854775808'], new BigInt64Array([1n, 2n, -(2n ** 63n)])],
    ['UINT64', [1, 2n, '18446744073709551615'], new BigUint64Array([1n, 2n, 2n ** 64n - 1n])],
    ['INT32', [1, -2, 3], new Int32Array([1, -2, 3])],
    ['UINT8', Buffer.from('abc'), new Uint8Array([97, 98, 99])],
    ['BOOL', [true, false, true], new Uint8Array([1, 0, 1])],
    ['STRING', ['a', 'ü', ''], ['a', 'ü', '']],
    ['DOUBLE', [0.1, NaN, Infinity], new Float64Array([0.1, NaN, Infinity])],
    ['DOUBLE', ['NaN', 'Infinity', '-Infinity'], new Float64Array([NaN, Infinity, -Infinity])],
    ['FLOAT', ['NaN', 1, '-Infinity'], new Float32Array([NaN, 1, -Infinity])],
    ['FLOAT16', ['NaN', 1, '-Infinity'], new Float32Array([NaN, 1, -Infinity])],
    ['BOOL', new Uint8Array([1, 0]), new Uint8Array([1, 0])],
    ['FLOAT', [], new Float32Array()],
    ['STRING', [], []],
  ])('%s', async (type, x, data) => {
    const { y } = await (await identity(type, ['n'])).run({ x });
    expect(y?.data).toEqual(data);
  });

  test('FLOAT16, rounded to the nearest half', async () => {
    const x = [1, -2.5, 0.1, 65504, 65520, 6e-8, 2 ** -14, 1e-9, NaN, -Infinity, 1 + 2 ** -11];
    const { y } = await (await identity('FLOAT16', ['n'])).run({ x });
    expect(y?.type).toBe('float32');
    expect([...(y!.data as Float32Array)]).toEqual([
      1,
      -2.5,
      0.0999755859375,
      65504,
      Infinity,
      2 ** -24,
      2 ** -14,
      0,
      NaN,
      -Infinity,
      1,
    ]);
  });

  test('FLOAT16, rounded once: a double just beside the middle of two halves is not in it', async () => {
    const middle = 1 + 2 ** -11;
    const x = [
      middle + 2 ** -40,
      middle + 2 ** -9 - 2 ** -40,
      2 ** -25 + 2 ** -60,
      65520 - 2 ** -30,
    ];
    const { y } = await (await identity('FLOAT16', ['n'])).run({ x });
    expect([...(y!.data as Float32Array)]).toEqual([1 + 2 ** -10, 1 + 2 ** -9, 2 ** -24, 65504]);
  });

  test('FLOAT16 of a tensor, of bits and of what the model gave', async () => {
    const model = await identity('FLOAT16', ['n']);
    const bits = new Uint16Array([0x3c00, 0xc100]);
    const tensor = new Tensor('float16', bits, [2]);
    const { y } = await model.run({ x: tensor });
    expect(y?.data).toEqual(new Float32Array([1, -2.5]));
    expect((await model.run({ x: y! })).y?.data).toEqual(new Float32Array([1, -2.5]));
    expect((await model.run({ x: bits })).y?.data).toEqual(new Float32Array([1, -2.5]));
    expect([...fromFloat16(tensor.data as Uint16Array)]).toEqual([1, -2.5]);
  });

  test.each<[string, TensorLike, string]>([
    ['FLOAT', [1, '2'], `expected a number at [1], got '2'`],
    ['FLOAT', [1, null as never], 'expected a number at [1], got null'],
    ['INT64', [1, 1.5], 'expected a 64-bit integer from'],
    ['INT64', ['12x'], `got '12x'`],
    ['INT64', ['9223372036854775808'], 'expected a 64-bit integer from'],
    [
      'INT32',
      [2 ** 31],
      'expected an integer from -2147483648 to 2147483647 at [0], got 2147483648',
    ],
    ['UINT8', [-1], 'got -1'],
    ['BOOL', [1], 'expected true or false at [0], got 1'],
    ['BOOL', new Uint8Array([1, 2]), 'expected true or false at [1], got 2'],
    ['FLOAT', ['1.5'], `expected a number at [0], got '1.5'`],
    ['FLOAT', ['infinity'], `expected a number at [0], got 'infinity'`],
    ['INT32', ['NaN'], `got 'NaN'`],
    ['STRING', ['a', 'b\0c'], 'expected a string without U+0000 at [1]'],
    ['STRING', new Tensor('string', ['b\0'], [1]), 'expected a string without U+0000 at [0]'],
    ['STRING', ['a', 2], 'expected a string at [1], got 2'],
    ['STRING', [['a'.repeat(100)]], 'expected shape [n], got [1, 1]'],
  ])('%s refuses %j', async (type, x, message) => {
    const error = await refusal((await identity(type, ['n'])).run({ x }));
    expect(error).toBeInstanceOf(OnnxInputError);
    expect(error.message).toMatch(/^Input "x": /);
    expect(error.message).toContain(message);
  });
});

describe('feeds that do not fit the model', () => {
  test.each<[string, TensorLike, string]>([
    ['too many columns', [[1, 2, 3]], 'expected shape [batch, 2], got [1, 3]'],
    ['an incomplete row', [1, 2, 3], 'expected shape [batch, 2], got [3]'],
    ['too many levels', [[[1, 2]]], 'expected shape [batch, 2], got [1, 1, 2]'],
    ['ragged rows', [[1, 2], [3]], 'expected 2 values at [1], as in its siblings, got 1'],
    ['a number beside a row', [[1, 2], 3], 'expected 2 values at [1], as in its siblings, got 3'],
    [
      'a row inside a row',
      [
        [1, 2],
        [3, [4]],
      ],
      'expected a number at [1, 1], got [ 4 ]',
    ],
    [
      'a tensor of another type',
      new Tensor('int32', [1, 2], [1, 2]),
      'expected a tensor of type float32, got int32',
    ],
    [
      'a tensor of another shape',
      new Tensor('float32', [1, 2], [2]),
      'expected shape [batch, 2], got [2]',
    ],
  ])('%s', async (_, x, message) => {
    const error = await refusal((await identity('FLOAT', ['batch', 2])).run({ x }));
    expect(error).toBeInstanceOf(OnnxInputError);
    expect(error.message).toBe(`Input "x": ${message}`);
  });

  test('flat values where two dimensions are open', async () => {
    const error = await refusal((await identity('FLOAT', ['batch', 'length'])).run({ x: [1, 2] }));
    expect(error.message).toBe('Input "x": expected shape [batch, length], got [2]');
  });

  test('inputs that disagree about a named dimension', async () => {
    const error = await refusal(
      (await load(sum)).run({
        a: [[1, 2]],
        b: [
          [1, 2],
          [3, 4],
        ],
      }),
    );
    expect(error.message).toBe('Input "b": expected dimension "batch" to be 1 as before, got 2');
  });

  test('a missing and an unknown input, with what the model takes', async () => {
    const takes = '"a" float32 [batch, 2], "b" float32 [batch, 2]';
    const missing = `Input "b": expected a value; the model takes ${takes}`;
    const unknown = `Input "d": the model has no such input; it takes ${takes}`;
    const feeds = { a: [[1, 2]], b: [[1, 2]], d: 1 };
    const model = await load(sum);
    const own = await refusal(model.run({ a: [[1, 2]] }));
    expect([own.constructor, own.message]).toEqual([OnnxInputError, missing]);
    expect((await refusal(model.run(feeds))).message).toBe(unknown);
    const clients = await load(sum, { clientInput: true });
    for (const [given, message] of [
      [{ a: [[1, 2]] }, missing],
      [feeds, unknown],
      [null, missing.replace('"b"', '"a"')],
    ] as const) {
      const error = await refusal(clients.run(given as never));
      expect([error.constructor, error.message]).toEqual([InvalidRequest, message]);
    }
  });

  test('an input that only an object’s prototype has', async () => {
    const model = await load({
      inputs: Object.fromEntries([['constructor', ['FLOAT', ['n']] as const]]),
      outputs: { y: ['FLOAT', ['n']] },
      nodes: [['Identity', ['constructor'], ['y']]],
    });
    expect((await refusal(model.run({}))).message).toContain('expected a value');
  });

  test('are the client’s fault with clientInput', async () => {
    const model = await identity('FLOAT', ['batch', 2], { clientInput: true });
    const error = await refusal(model.run({ x: [[1, 2, 3]] }));
    expect(error).toBeInstanceOf(InvalidRequest);
    expect(error.message).toBe('Input "x": expected shape [batch, 2], got [1, 3]');
  });
});

describe('runBatch', () => {
  test('stacks one row an item and splits the outputs', async () => {
    const model = await load(sum);
    const rows = await model.runBatch([
      { a: [1, 2], b: [10, 20] },
      { a: new Float32Array([3, 4]), b: [30, 40] },
      { a: new Tensor('float32', [5, 6], [2]), b: [50, 60] },
    ]);
    expect(rows).toEqual([
      { c: new Float32Array([11, 22]) },
      { c: new Float32Array([33, 44]) },
      { c: new Float32Array([55, 66]) },
    ]);
  });

  test('of no items', async () => {
    expect(await (await load(sum)).runBatch([])).toEqual([]);
  });

  test('fails an item that does not fit alone, wherever it stands', async () => {
    const model = await load(sum, { clientInput: true });
    const good = (n: number) => ({ a: [n, n], b: [1, 1] });
    const rows = await model.runBatch([
      { a: [1, 2, 3], b: [1, 1] },
      good(1),
      { a: [1, 1], b: ['x', 1] },
      good(2),
      { a: [1, 2] },
    ]);
    expect(
      rows.map((row) => (row instanceof Error ? row.message : [...(row.c as Float32Array)])),
    ).toEqual([
      'Input "a": expected shape [2], got [3]',
      [2, 2],
      `Input "b": expected a number at [0], got 'x'`,
      [3, 3],
      'Input "b": expected a value; the model takes "a" float32 [batch, 2], "b" float32 [batch, 2]',
    ]);
    expect(rows[0]).toBeInstanceOf(InvalidRequest);
    expect(rows[4]).toBeInstanceOf(InvalidRequest);
  });

  test('runs items of different shapes in a batch for each', async () => {
    const model = await identity('FLOAT', ['batch', 'length']);
    const rows = await model.runBatch([{ x: [1] }, { x: [2, 3] }, { x: [4] }, { x: [5, 6] }]);
    expect(rows).toEqual([[1], [2, 3], [4], [5, 6]].map((y) => ({ y: new Float32Array(y) })));
  });

  test('of strings, with one value an item', async () => {
    const model = await identity('STRING', ['batch']);
    expect(await model.runBatch([{ x: 'a' }, { x: ['b'] }])).toEqual([{ y: ['a'] }, { y: ['b'] }]);
  });
});

describe('a signal', () => {
  test('that is aborted keeps the run from starting', async () => {
    const model = await identity('FLOAT', ['n']);
    const reason = new Error('gone');
    const signal = AbortSignal.abort(reason);
    // The feeds do not fit, which a run that had started would find.
    await expect(model.run({ x: 'no number' }, { signal })).rejects.toBe(reason);
    await expect(model.runBatch([{ x: 1 }], { signal })).rejects.toBe(reason);
  });

  test('that is aborted meanwhile rejects with its reason', async () => {
    const model = await identity('FLOAT', ['n']);
    const controller = new AbortController();
    const run = model.run({ x: [1] }, { signal: controller.signal });
    controller.abort(new Error('gone'));
    await expect(run).rejects.toThrow('gone');
  });
});

describe('as a provider', () => {
  @Injectable()
  class Doubler extends OnnxModel<{ y: 'float32' }> {
    constructor() {
      super(
        writeGraph(directory, {
          inputs: { x: ['FLOAT', ['n']] },
          outputs: { y: ['FLOAT', ['n']] },
          nodes: [['Add', ['x', 'x'], ['y']]],
        }),
      );
    }
  }

  test('is loaded at start and released after the shutdown’s other hooks', async () => {
    let last: Float32Array | undefined;
    @Module({ providers: [Doubler] })
    class App {
      constructor(private readonly model: Doubler) {}
      async beforeApplicationShutdown() {
        last = (await this.model.run({ x: [4] })).y.data;
      }
    }
    const app = await (await Test.createTestingModule({ imports: [App] }).compile()).init();
    const model = app.get(Doubler);
    expect((await model.run({ x: [1, 2] })).y.data).toEqual(new Float32Array([2, 4]));
    await app.close();
    expect(last).toEqual(new Float32Array([8]));
    await expect(model.run({ x: [1] })).rejects.toThrow(/^Doubler: ".*\.onnx" is not loaded$/);
  });

  test('stops the app at boot if the file is none, and names it', async () => {
    const model = { provide: 'MODEL', useFactory: () => new OnnxModel('missing/model.onnx') };
    const app = await Test.createTestingModule({ providers: [model] }).compile();
    const error = await refusal(app.init());
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(error.message).toMatch(
      /^OnnxModel: expected file to be an ONNX model, got ".*missing\/model\.onnx" \(.*exist.*; if model\.onnx is among the sources, .* \["\*\*\/\*\.onnx"\] .*\)$/,
    );
  });

  test('refuses an unknown option', () => {
    expect(() => new OnnxModel('model.onnx', { sessionOptions: {} } as never)).toThrow(
      'got the unknown option "sessionOptions"',
    );
  });

  test('or if the file is something else', async () => {
    const model = new OnnxModel(new URL(import.meta.url));
    expect((await refusal(model.load())).message).toContain('onnx.test.ts');
    expect(() => new OnnxModel(new URL('http://localhost/model.onnx'))).toThrow(
      "OnnxModel: expected file to be a path or a file: URL, got 'http://localhost/model.onnx'",
    );
  });
});

async function refusal(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable('expected a refusal'),
    (error: Error) => error,
  );
}
