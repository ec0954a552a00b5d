import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { ELEMENT_KINDS } from '../../src/runtimes/onnx/element-kind.js';
import type { TensorLike } from '../../src/runtimes/onnx/index.js';
import type { Value } from './onnx-graph.js';
import { Models } from './onnx-models.js';

const models = new Models();
afterEach(() => vi.restoreAllMocks());
afterAll(() => models.release());

const identity = (shape: Value[1]) =>
  models.load({
    inputs: { x: ['FLOAT', shape] },
    outputs: { y: ['FLOAT', shape] },
    nodes: [['Identity', ['x'], ['y']]],
  });

/** Long first elements of long first elements: a size of which almost nothing is there. */
function claim(length: number, depth: number): TensorLike {
  const rest: TensorLike[] = Array.from({ length: length - 1 }, () => 0);
  return depth === 1 ? [0, ...rest] : [claim(length, depth - 1), ...rest];
}

function brackets(depth: number): TensorLike {
  let value: TensorLike = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

describe('what a body claims and does not hold', () => {
  test.each<[string, Value[1], TensorLike, string]>([
    ['a ragged cube', ['n', 'a', 'b'], claim(20_000, 3), 'expected 20000 values at [0, 1]'],
    ['of unknown rank', undefined, claim(20_000, 5), 'expected 20000 values at [0, 0, 0, 1]'],
    ['a product beyond every integer', undefined, claim(20_000, 20), 'expected 20000 values'],
    ['no elements, some elsewhere', ['n', 'a'], [[], [1]], 'expected 0 values at [1]'],
    ['brackets', undefined, brackets(50_000), 'expected at most 64 dimensions'],
    ['brackets, for a shape', ['n', 2], brackets(50_000), '… (65 dimensions)]'],
  ])('%s takes no memory', async (_, shape, x, message) => {
    const model = await identity(shape);
    const allocate = vi.spyOn(ELEMENT_KINDS.float32!, 'allocate');
    await expect(model.run({ x })).rejects.toThrow(message);
    const [row] = await model.runBatch([{ x }]);
    expect(row).toBeInstanceOf(Error);
    expect(allocate).not.toHaveBeenCalled();
  });

  test('a batch takes what its items hold, not the largest times their number', async () => {
    const model = await identity(['n', 'length']);
    const allocate = vi.spyOn(ELEMENT_KINDS.float32!, 'allocate');
    const items = [100_000, ...Array.from({ length: 99 }, () => 1)].map((length) => ({
      x: new Float32Array(length),
    }));
    await model.runBatch(items);
    expect(allocate.mock.calls).toEqual([[100_000], [99]]);
  });

  test('a refusal is short', async () => {
    const model = await identity(['n', 2]);
    const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, i]));
    for (const feeds of [
      { x: [[wide, 1]] },
      { x: [['a'.repeat(100_000), 1]] },
      { x: brackets(50_000) },
      { x: [[1, 2]], ['u'.repeat(100_000)]: 1 },
    ]) {
      const error: Error = await model.run(feeds as never).then(
        () => expect.unreachable(),
        (reason: Error) => reason,
      );
      expect(error.message.length).toBeLessThan(200);
    }
  });
});

describe('nothing', () => {
  test.each<[string, Value[1], TensorLike, number[]]>([
    ['no rows', ['n', 4], [], [0, 4]],
    ['no rows of any length', ['n', 'length'], [], [0, 0]],
    ['no rows of rows', ['n', 2, 3], [], [0, 2, 3]],
    ['no numbers', ['n'], [], [0]],
    ['rows of nothing', ['n', 'length'], [[], []], [2, 0]],
    ['no elements in a typed array', ['n', 4], new Float32Array(), [0, 4]],
    ['nothing of unknown rank', undefined, [], [0]],
  ])('%s answers []', async (_, shape, x, dims) => {
    const { y } = await (await identity(shape)).run({ x });
    expect([y?.dims, y?.data]).toEqual([dims, new Float32Array()]);
  });

  test.each<[Value[1], TensorLike]>([
    [
      ['n', 4],
      [[], []],
    ],
    [[2, 4], []],
    [[4], []],
  ])('is no value for %j where something is due', async (shape, x) => {
    await expect((await identity(shape)).run({ x })).rejects.toThrow('expected shape');
  });

  test('as a row is a row, where the length is open', async () => {
    expect(await (await identity(['n', 'length'])).runBatch([{ x: [] }, { x: [1] }])).toEqual([
      { y: new Float32Array() },
      { y: new Float32Array([1]) },
    ]);
  });
});
