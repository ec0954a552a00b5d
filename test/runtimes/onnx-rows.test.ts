import type { InferenceSession } from 'onnxruntime-node';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { ConfigurationError, InvalidRequest } from '../../src/errors/index.js';
import type { OnnxModel } from '../../src/runtimes/onnx/index.js';
import type { Graph, Value } from './onnx-graph.js';
import { Models } from './onnx-models.js';

const models = new Models();
afterEach(() => vi.restoreAllMocks());
afterAll(() => models.release());

/** A model of one operator over float32 inputs `a`, `b`, … with the output `y`. */
type Shape = Value[1];

function operator(op: string, inputs: Record<string, Shape>, y: Shape, attributes = {}): Graph {
  return {
    inputs: Object.fromEntries(Object.entries(inputs).map(([k, v]) => [k, ['FLOAT', v]])),
    outputs: { y: ['FLOAT', y] },
    nodes: [[op, Object.keys(inputs), ['y'], attributes]],
  };
}

/** Where sessions have their methods. */
const sessions: InferenceSession = Object.getPrototypeOf(
  await models.bare(operator('Relu', { a: ['n'] }, ['n'])),
);

/** What the items get, with the number of runs it took. */
async function served(model: OnnxModel, items: Parameters<OnnxModel['runBatch']>[0]) {
  const run = vi.spyOn(sessions, 'run');
  const rows = await model.runBatch(items);
  const answers = rows.map((row) =>
    row instanceof Error ? row.message : Array.from(row.y as ArrayLike<unknown>),
  );
  return { answers, runs: run.mock.calls.splice(0).length };
}

describe('an input without rows', () => {
  const scaled = operator('Mul', { x: ['n', 1], k: [] }, ['n', 1]);

  test('sets items of other values apart, and only those', async () => {
    const items = [1, 2, 3, 4].map((x, i) => ({ x: [x], k: i < 3 ? 10 : 100 }));
    expect(await served(await models.load(scaled), items)).toEqual({
      answers: [[10], [20], [30], [400]],
      runs: 2,
    });
  });

  test('is as different as its bits', async () => {
    const items = [0, -0, 0, NaN, NaN].map((k) => ({ x: [1], k }));
    const { answers, runs } = await served(await models.load(scaled), items);
    expect(answers).toEqual([[0], [-0], [0], [NaN], [NaN]]);
    expect(runs).toBe(3);
  });

  test.each<[string, Shape, number[][]]>([
    [
      'of fixed size',
      [2, 2],
      [
        [1, 0],
        [0, 1],
      ],
    ],
    [
      'of a size by another name',
      ['k', 2],
      [
        [1, 0],
        [0, 1],
      ],
    ],
  ])('%s is given whole', async (_, w, identity) => {
    const model = await models.load(operator('MatMul', { x: ['n', 2], w }, ['n', 2]));
    const doubled = identity.map((row) => row.map((value) => value * 2));
    const items = [identity, doubled, identity].map((value, i) => ({ x: [i, 1], w: value }));
    expect(await served(model, items)).toEqual({
      answers: [
        [0, 1],
        [2, 2],
        [2, 1],
      ],
      runs: 2,
    });
  });

  test('of type string', async () => {
    const model = await models.load({
      inputs: { x: ['STRING', ['n']], key: ['STRING', []] },
      outputs: { y: ['BOOL', ['n']] },
      nodes: [['Equal', ['x', 'key'], ['y']]],
      opset: 19,
    });
    const items = [
      ['a', 'a'],
      ['b', 'a'],
      ['b', 'b'],
    ].map(([x, key]) => ({ x: x!, key: key! }));
    expect(await served(model, items)).toEqual({ answers: [[true], [false], [true]], runs: 2 });
  });

  test('that is a scalar takes no vector', async () => {
    const model = await models.load(scaled, { clientInput: true });
    const refused = 'Input "k": expected shape [], got ';
    await expect(model.run({ x: [[1]], k: [1, 2] })).rejects.toThrow(`${refused}[2]`);
    const [vector, nested, good] = await model.runBatch([
      { x: [1], k: [1] },
      { x: [1], k: [[1]] },
      { x: [1], k: 3 },
    ]);
    expect(vector).toEqual(new InvalidRequest(`${refused}[1]`));
    expect(nested).toEqual(new InvalidRequest(`${refused}[1, 1]`));
    expect(good).toEqual({ y: new Float32Array([3]) });
  });
});

const items = [
  [1, 2],
  [3, 4],
  [5, 6],
].map((a) => ({ a }));
const each = [
  [1, 2],
  [3, 4],
  [5, 6],
];

describe('a row an item', () => {
  test.each<[string, Graph]>([
    ['one name', operator('Identity', { a: ['n', 2] }, ['n', 2])],
    ['a name that ONNX Runtime infers', operator('Identity', { a: ['n', 2] }, undefined)],
    ['runs, where there is no name', operator('Identity', { a: ['', 2] }, ['', 2])],
    ['runs, where names differ', operator('Identity', { a: ['in', 2] }, ['out', 2])],
    ['runs, where the output was declared for one', operator('Relu', { a: ['n', 2] }, [1, 2])],
    ['runs, over an open length', operator('Identity', { a: ['', ''] }, ['', ''])],
  ])('is proved by %s', async (_, graph) => {
    const model = await models.load(graph, { session: { logSeverityLevel: 4 } });
    expect(await served(model, items)).toEqual({ answers: each, runs: 1 });
  });

  test.each(['FLOAT', 'FLOAT16', 'STRING', 'BOOL', 'INT64', 'UINT8', 'DOUBLE'])(
    'is proved by runs of %s',
    async (type) => {
      const model = await models.load({
        inputs: { x: [type, ['']] },
        outputs: { y: [type, ['']] },
        nodes: [['Identity', ['x'], ['y']]],
      });
      const [x, y] = type === 'STRING' ? ['a', 'b'] : type === 'BOOL' ? [true, false] : [1, 0];
      const expected = type === 'INT64' ? [[1n], [0n]] : [[x], [y]];
      expect(await served(model, [{ x: x! }, { x: y! }])).toEqual({ answers: expected, runs: 1 });
    },
  );

  test('of several inputs without names, which have to agree', async () => {
    const model = await models.load(operator('Add', { a: ['', 2], b: ['', 2] }, ['', 2]));
    const pairs = items.map(({ a }) => ({ a, b: [1, 1] }));
    expect(await served(model, pairs)).toEqual({
      answers: [
        [2, 3],
        [4, 5],
        [6, 7],
      ],
      runs: 1,
    });
  });

  test.each<[string, Graph, unknown[][]]>([
    [
      'an aggregate',
      operator('ReduceSum', { a: ['n', 2] }, [1, 1], { keepdims: 1 }),
      [[3], [7], [11]],
    ],
    ['a scalar', operator('ReduceMax', { a: ['n', 2] }, [], { keepdims: 0 }), [[2], [4], [6]]],
    [
      'a first dimension that only happens to fit',
      operator('Transpose', { a: ['n', 2] }, [2, 'n'], { perm: [1, 0] }),
      each,
    ],
    [
      'one without name that does',
      operator('Transpose', { a: ['', 2] }, ['', ''], { perm: [1, 0] }),
      each,
    ],
    [
      'rows by rows',
      {
        ...operator('Identity', { a: ['', 2] }, ['', '']),
        nodes: [
          ['Transpose', ['a'], ['t'], { perm: [1, 0] }],
          ['MatMul', ['a', 't'], ['y']],
        ],
      },
      [[5], [25], [61]],
    ],
    [
      'rows that a batch shares out among them',
      operator('Softmax', { a: ['', 2] }, ['', 2], { axis: 0 }),
      [
        [1, 1],
        [1, 1],
        [1, 1],
      ],
    ],
    [
      'two rows each',
      {
        ...operator('Identity', { a: ['n', 2] }, ['m', 1]),
        constants: { shape: { type: 'INT64', dims: [2], data: [-1, 1] } },
        nodes: [['Reshape', ['a', 'shape'], ['y']]],
      },
      each,
    ],
  ])('is none where the output is %s: items run apart', async (_, graph, answers) => {
    expect(await served(await models.load(graph), items)).toEqual({ answers, runs: 3 });
  });

  test('is none where a second input is summed up', async () => {
    const model = await models.load({
      inputs: { a: ['FLOAT', ['', 2]], b: ['FLOAT', ['', 2]] },
      outputs: { y: ['FLOAT', ['', 2]] },
      constants: { axes: { type: 'INT64', dims: [1], data: [0] } },
      nodes: [
        ['ReduceSum', ['b', 'axes'], ['s']],
        ['Add', ['a', 's'], ['y']],
      ],
    });
    const pairs = items.map(({ a }) => ({ a, b: a }));
    expect(await served(model, pairs)).toEqual({
      answers: [
        [2, 4],
        [6, 8],
        [10, 12],
      ],
      runs: 3,
    });
  });

  test('is none any more once a run has shown it', async () => {
    const model = await models.load({
      inputs: { a: ['FLOAT', ['n', 2]] },
      outputs: { y: ['FLOAT', ['n', 2]] },
      constants: { three: { type: 'FLOAT', dims: [], data: [3] } },
      nodes: [
        ['ReduceMax', ['a'], ['max'], { axes: [1], keepdims: 0 }],
        ['Greater', ['max', 'three'], ['large']],
        ['Compress', ['a', 'large'], ['y'], { axis: 0 }],
      ],
    });
    expect(await served(model, items)).toEqual({ answers: [[], ...each.slice(1)], runs: 4 });
    expect((await served(model, items)).runs).toBe(3);
  });

  test('beside a hidden state of fixed size is none', async () => {
    const model = await models.load({
      inputs: { a: ['FLOAT', ['n', 2]], h: ['FLOAT', [2, 2]] },
      outputs: { y: ['FLOAT', ['n', 2]], state: ['FLOAT', [2, 2]] },
      nodes: [
        ['ReduceSum', ['a'], ['s']],
        ['Add', ['h', 's'], ['state']],
        ['Identity', ['a'], ['y']],
      ],
    });
    const rows = await model.runBatch([1, 2].map((x) => ({ a: [x, x], h: [1, 2, 3, 4] })));
    expect(rows).toEqual(
      [1, 2].map((x) => ({
        y: new Float32Array([x, x]),
        state: new Float32Array([1, 2, 3, 4].map((h) => h + 2 * x)),
      })),
    );
  });

  test('of type bool is made of booleans', async () => {
    const graph: Graph = {
      inputs: { x: ['BOOL', ['n', 2]] },
      outputs: { y: ['BOOL', ['n', 2]] },
      nodes: [['Not', ['x'], ['y']]],
    };
    const rows = await (await models.load(graph)).runBatch([{ x: [true, false] }]);
    expect(rows).toEqual([{ y: [false, true] }]);
  });
});

describe('a first dimension of fixed size', () => {
  const fixed = (size: number, rows = false) =>
    models.load(operator('Add', { a: [size, 2], k: [] }, [size, 2]), { rows });
  const numbered = items.map((item) => ({ ...item, k: 1 }));
  const sums = [
    [2, 3],
    [4, 5],
    [6, 7],
  ];

  test('of 1 runs items one by one', async () => {
    expect(await served(await fixed(1), numbered)).toEqual({ answers: sums, runs: 3 });
  });

  test('above 1 has no items', async () => {
    const model = await fixed(2);
    const error = await model.runBatch(numbered).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as Error).message).toBe(
      'OnnxModel: runBatch needs inputs whose first dimension is open or 1, got "a" float32 [2, 2]; the option rows: true says that those are rows',
    );
    const { y } = await model.run({ a: [1, 2, 3, 4], k: 1 });
    expect(y?.data).toEqual(new Float32Array([2, 3, 4, 5]));
  });

  test('above 1 counts rows where the user says so, the last run filled up', async () => {
    expect(await served(await fixed(2, true), numbered)).toEqual({ answers: sums, runs: 2 });
    const [, ...bad] = [numbered[0]!, { a: ['x', 1], k: 1 }, { a: [9, 9], k: 2 }];
    expect(await served(await fixed(2, true), [numbered[0]!, ...bad])).toEqual({
      answers: [[2, 3], `Input "a": expected a number at [0], got 'x'`, [11, 11]],
      runs: 2,
    });
  });

  test('that is not one counts none, whatever the user says', async () => {
    const model = await models.load(operator('MatMul', { a: [2, 3], b: [3, 4] }, [2, 4]), {
      rows: true,
    });
    await expect(model.runBatch([])).rejects.toThrow(
      'OnnxModel: rows: true says that first dimensions count rows, but the model has "a" float32 [2, 3], and "b" [3, 4] beside it',
    );
  });
});

test('rows: true stands where no proof does, and is checked', async () => {
  const softmax = operator('Softmax', { a: ['', 2] }, ['', 2], { axis: 0 });
  const { runs } = await served(await models.load(softmax, { rows: true }), items);
  expect(runs).toBe(1);
  const sum = operator('ReduceSum', { a: ['n', 2] }, [1, 1], { keepdims: 1 });
  await expect((await models.load(sum, { rows: true })).runBatch(items)).rejects.toThrow(
    'Output "y": expected one row for each of the 3 in the run, as rows: true says, got shape [1, 1]',
  );
});

test('items whose inputs disagree about a dimension fail alone', async () => {
  const graph = operator('Add', { ids: ['n', 'len'], mask: ['n', 'len'] }, ['n', 'len']);
  const rows = await served(await models.load(graph), [
    { ids: [1, 2], mask: [1, 1] },
    { ids: [1, 2], mask: [1] },
    { ids: [1], mask: [1] },
    { ids: [3, 4], mask: [1, 1] },
  ]);
  expect(rows).toEqual({
    answers: [
      [2, 3],
      'Input "mask": expected dimension "len" to be 2 as before, got 1',
      [2],
      [4, 5],
    ],
    runs: 2,
  });
});

test('an item whose own run fails fails alone', async () => {
  const graph: Graph = {
    inputs: { a: ['INT64', [1]] },
    outputs: { y: ['INT64', [1]] },
    constants: { ten: { type: 'INT64', dims: [1], data: [10] } },
    nodes: [['Div', ['ten', 'a'], ['y']]],
  };
  const model = await models.load(graph, { session: { logSeverityLevel: 4 } });
  const { answers } = await served(model, [{ a: 2 }, { a: 0 }, { a: 5 }]);
  expect(answers).toEqual([[5n], expect.stringContaining('division by zero'), [2n]]);
});

test('a model without a tensor among its outputs is refused at load', async () => {
  const graph: Graph = {
    inputs: { x: ['FLOAT', ['n']] },
    outputs: { s: ['FLOAT', ['n']] },
    sequences: ['s'],
    nodes: [['SequenceConstruct', ['x'], ['s']]],
  };
  await expect(models.load(graph)).rejects.toThrow(
    /^OnnxModel: expected an output of ".*" to be a tensor, got only "s"$/,
  );
});
