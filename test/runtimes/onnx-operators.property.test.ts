import * as fc from 'fast-check';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { afterAll, expect, test } from 'vitest';
import { fromFloat16, type OnnxFeeds, type TensorLike } from '../../src/runtimes/onnx/index.js';
import { OPERATORS } from './onnx-operators.js';
import type { Graph, Value } from './onnx-graph.js';
import { Models } from './onnx-models.js';

const models = new Models();
afterAll(() => models.release());

type Nested = number | string | boolean | Nested[];

/** Inputs of rows: those that begin with an open dimension or, where none does, with 1. */
function rowInputs({ inputs }: Graph): string[] {
  const names = Object.keys(inputs);
  const open = names.filter(
    (name) => !inputs[name]![1] || typeof inputs[name]![1]![0] === 'string',
  );
  return open.length > 0 ? open : names.filter((name) => inputs[name]![1]?.[0] === 1);
}

const element: Record<string, fc.Arbitrary<Nested>> = {
  INT64: fc.integer({ min: 0, max: 1 }),
  INT32: fc.integer({ min: -9, max: 9 }),
  BOOL: fc.boolean(),
  STRING: fc.constantFrom('a', 'b', 'ü'),
};
const float = fc.integer({ min: -16, max: 16 }).map((n) => n / 8);

function nested(type: string, dims: readonly number[]): fc.Arbitrary<Nested> {
  const [length, ...rest] = dims;
  if (length === undefined) return element[type] ?? float;
  return fc.array(nested(type, rest), { minLength: length, maxLength: length });
}

/** An item: one length for all of its open dimensions. */
function item(graph: Graph): fc.Arbitrary<Record<string, Nested>> {
  const rows = rowInputs(graph);
  return fc.integer({ min: 1, max: 3 }).chain((length) =>
    fc.record(
      Object.fromEntries(
        Object.entries(graph.inputs).map(([name, [type, shape = ['', 2]]]) => {
          const own = rows.includes(name) ? shape.slice(1) : shape;
          // The state's batch dimension is the one item's.
          const dims = own.map((d) => (typeof d === 'number' ? d : d === 'n' ? 1 : length));
          return [name, nested(type, dims)];
        }),
      ),
    ),
  );
}

function lengths(value: Nested): number[] {
  return Array.isArray(value)
    ? [value.length, ...(value.length > 0 ? lengths(value[0]!) : [])]
    : [];
}

const STORES: Record<string, (flat: never[]) => Tensor.DataType> = {
  FLOAT: (flat) => Float32Array.from(flat),
  DOUBLE: (flat) => Float64Array.from(flat),
  INT32: (flat) => Int32Array.from(flat),
  INT64: (flat) => BigInt64Array.from(flat, BigInt),
  BOOL: (flat) => Uint8Array.from(flat),
  STRING: (flat) => flat,
};
const TYPES: Record<string, Tensor.Type> = {
  FLOAT: 'float32',
  DOUBLE: 'float64',
  INT32: 'int32',
  INT64: 'int64',
  BOOL: 'bool',
  STRING: 'string',
};

/** The tensor that ONNX Runtime itself takes; none for float16, which differs between engines. */
function fed([type]: Value, value: Nested): Tensor | undefined {
  const store = STORES[type];
  const flat = ([value] as unknown[]).flat(Infinity) as never[];
  return store && new Tensor(TYPES[type]!, store(flat), lengths(value));
}

const numbers = ({ type, data }: Tensor): unknown[] =>
  type === 'bool'
    ? Array.from(data as Uint8Array, Boolean)
    : Array.from(
        (type === 'float16' ? fromFloat16(data as Uint16Array) : data) as ArrayLike<unknown>,
      );

/** To the last digit but where kernels add up in another order for another number of rows. */
const near = (values: ArrayLike<unknown>) =>
  Array.from(values, (value) =>
    typeof value === 'number' && Number.isFinite(value) ? expect.closeTo(value, 4) : value,
  );

test.each(Object.entries(OPERATORS))(
  '%s: batches, items and the runtime agree',
  async (_, graph) => {
    const model = await models.load(graph);
    const bare: InferenceSession = await models.bare(graph);
    const rows = rowInputs(graph);
    const outputs = Object.keys(graph.outputs);
    await fc.assert(
      fc.asyncProperty(fc.array(item(graph), { minLength: 1, maxLength: 5 }), async (items) => {
        const together = await model.runBatch(items as OnnxFeeds[]);
        for (const [i, given] of items.entries()) {
          const [alone] = await model.runBatch([given as OnnxFeeds]);
          const whole = Object.fromEntries(
            Object.entries(given).map(([name, value]) => [
              name,
              rows.includes(name) ? [value] : value,
            ]),
          );
          const ours = await model.run(whole as Record<string, TensorLike>);
          const feeds = Object.entries(whole).map(([name, value]) => [
            name,
            fed(graph.inputs[name]!, value),
          ]);
          const known = feeds.every(([, tensor]) => tensor !== undefined);
          const oracle = known ? await bare.run(Object.fromEntries(feeds)) : ours;
          for (const name of outputs) {
            const expected = oracle[name] as Tensor;
            expect([ours[name]!.type, ours[name]!.dims]).toEqual([expected.type, expected.dims]);
            expect(numbers(ours[name]!)).toEqual(numbers(expected));
            const [a, b] = [alone, together[i]].map(
              (row) => (row as Record<string, ArrayLike<unknown>>)[name]!,
            );
            expect(Array.from(a!)).toEqual(numbers(expected));
            expect(b!.constructor).toBe(a!.constructor);
            expect(Array.from(b!)).toEqual(near(a!));
          }
        }
      }),
      { numRuns: 10 },
    );
  },
);
