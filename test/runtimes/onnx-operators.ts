import type { Constant, Graph, Node, Value } from './onnx-graph.js';

type Values = Record<string, Value>;

const f = (...shape: (number | string)[]): Value => ['FLOAT', shape];
const axis = (...data: number[]): Constant => ({ type: 'INT64', dims: [data.length], data });
const weights = (...dims: number[]): Constant => ({
  type: 'FLOAT',
  dims,
  data: Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 7) % 5) / 4 - 0.5),
});

function graph(
  inputs: Values,
  outputs: Values,
  nodes: Node[],
  constants: Record<string, Constant> = {},
  opset = 13,
): Graph {
  return { inputs, outputs, nodes, constants, opset };
}

const unary = (op: string, value: Value = f('n', 3), attributes = {}) =>
  graph({ x: value }, { y: value }, [[op, ['x'], ['y'], attributes]]);
const binary = (op: string, a: Value, b: Value, y: Value) =>
  graph({ a, b }, { y }, [[op, ['a', 'b'], ['y']]]);

/** Models of one operator or a few, over all ways that rows are declared, or are not. */
export const OPERATORS: Readonly<Record<string, Graph>> = {
  Relu: unary('Relu'),
  'Relu, unnamed': unary('Relu', f('', 3)),
  'Relu of one row': unary('Relu', f(1, 3)),
  'Relu of any length': unary('Relu', f('n', 'len')),
  'Relu of unknown rank': unary('Relu', ['FLOAT']),
  'Relu of a number a row': unary('Relu', f('n')),
  Exp: unary('Exp'),
  'Neg of float16': unary('Neg', ['FLOAT16', ['n', 3]]),
  'Neg of float16, unnamed': unary('Neg', ['FLOAT16', ['', 3]]),
  'Neg of int64': unary('Neg', ['INT64', ['n', 2]]),
  'Neg of int32, unnamed': unary('Neg', ['INT32', ['', 'len']]),
  'Neg of double': unary('Neg', ['DOUBLE', ['n', 2, 2]]),
  Not: unary('Not', ['BOOL', ['n', 3]]),
  'Not, unnamed': unary('Not', ['BOOL', ['', 3]]),
  'Identity of strings': unary('Identity', ['STRING', ['n', 2]]),
  'Identity of strings, unnamed': unary('Identity', ['STRING', ['']]),
  'Softmax of a row': unary('Softmax', f('', 3), { axis: 1 }),
  'Softmax over rows': unary('Softmax', f('', 3), { axis: 0 }),
  'LpNormalization over rows': unary('LpNormalization', f('', 3), { axis: 0 }),
  Add: binary('Add', f('n', 2), f('n', 2), f('n', 2)),
  'Add, unnamed': binary('Add', f('', 2), f('', 2), f('', 2)),
  'Add, two names': binary('Add', f('p', 2), f('q', 2), f('y', 2)),
  'Add of any length': binary('Add', f('n', 'len'), f('n', 'len'), f('n', 'len')),
  'Mul by a scalar': binary('Mul', f('n', 2), f(), f('n', 2)),
  'Mul by a scalar, unnamed': binary('Mul', f('', 2), f(), f('', 2)),
  'Mul by a vector': binary('Mul', f('n', 2), f(2), f('n', 2)),
  'Mul of scalars': binary('Mul', f(), f(), f()),
  'Mul of one row': binary('Mul', f(1, 2), f(1, 2), f(1, 2)),
  'Less, unnamed': binary('Less', f('', 2), f('', 2), ['BOOL', ['', 2]]),
  And: binary('And', ['BOOL', ['n', 2]], ['BOOL', ['n', 2]], ['BOOL', ['n', 2]]),
  'MatMul by a matrix': binary('MatMul', f('n', 2), f(2, 3), f('n', 3)),
  'MatMul of rows by rows': graph({ x: f('', 2) }, { y: f('', '') }, [
    ['Transpose', ['x'], ['t'], { perm: [1, 0] }],
    ['MatMul', ['x', 't'], ['y']],
  ]),
  Gemm: graph({ x: f('', 3) }, { y: f('', 2) }, [['Gemm', ['x', 'w', 'b'], ['y']]], {
    w: weights(3, 2),
    b: weights(2),
  }),
  Conv: graph(
    { x: f('', 1, '', '') },
    { y: f('', '', '', '') },
    [['Conv', ['x', 'w'], ['y'], { pads: [1, 1, 1, 1] }]],
    { w: weights(2, 1, 3, 3) },
  ),
  'ReduceSum of a row': graph(
    { x: f('n', 3) },
    { y: f('n') },
    [['ReduceSum', ['x', 'axes'], ['y'], { keepdims: 0 }]],
    { axes: axis(1) },
  ),
  'ReduceSum over rows': graph(
    { x: f('n', 3) },
    { y: f(1, 3) },
    [['ReduceSum', ['x', 'axes'], ['y']]],
    { axes: axis(0) },
  ),
  'ReduceMax of all': graph({ x: f('', 3) }, { y: f() }, [
    ['ReduceMax', ['x'], ['y'], { keepdims: 0 }],
  ]),
  'Transpose of rows': graph({ x: f('n', 3) }, { y: f(3, 'n') }, [
    ['Transpose', ['x'], ['y'], { perm: [1, 0] }],
  ]),
  'Transpose in a row': graph({ x: f('n', 2, 3) }, { y: f('n', 3, 2) }, [
    ['Transpose', ['x'], ['y'], { perm: [0, 2, 1] }],
  ]),
  'Reshape to one dimension': graph(
    { x: f('', 3) },
    { y: f('') },
    [['Reshape', ['x', 'shape'], ['y']]],
    { shape: axis(-1) },
  ),
  'Reshape of any length to pairs': graph(
    { x: f('', '') },
    { y: f('', 1) },
    [['Reshape', ['x', 'shape'], ['y']]],
    { shape: axis(-1, 1) },
  ),
  Shape: graph({ x: f('n', 2) }, { y: ['INT64', [2]] }, [['Shape', ['x'], ['y']]]),
  'Concat in rows': graph({ a: f('', 2), b: f('', 1) }, { y: f('', 3) }, [
    ['Concat', ['a', 'b'], ['y'], { axis: 1 }],
  ]),
  'Concat of rows': graph({ a: f('p', 2), b: f('q', 2) }, { y: f('', 2) }, [
    ['Concat', ['a', 'b'], ['y'], { axis: 0 }],
  ]),
  'Gather by row': graph(
    { x: f('n', 3) },
    { y: f('n', 2) },
    [['Gather', ['x', 'picked'], ['y'], { axis: 1 }]],
    { picked: axis(2, 0) },
  ),
  'Gather of a table': graph(
    { ids: ['INT64', ['', 2]] },
    { y: f('', 2, 2) },
    [['Gather', ['table', 'ids'], ['y']]],
    { table: weights(3, 2) },
  ),
  Where: graph({ c: ['BOOL', ['n', 2]], a: f('n', 2), b: f(2) }, { y: f('n', 2) }, [
    ['Where', ['c', 'a', 'b'], ['y']],
  ]),
  Cast: graph({ x: ['INT64', ['', 2]] }, { y: f('', 2) }, [['Cast', ['x'], ['y'], { to: 1 }]]),
  CumSum: graph({ x: f('', 2) }, { y: f('', 2) }, [['CumSum', ['x', 'axis'], ['y']]], {
    axis: { type: 'INT64', dims: [], data: [0] },
  }),
  'CumSum along what is asked': graph({ x: f('', 2), axis: ['INT64', []] }, { y: f('', 2) }, [
    ['CumSum', ['x', 'axis'], ['y']],
  ]),
  'LSTM and its state': graph(
    { x: f(1, 'n', 2) },
    { y: f(1, 1, 'n', 2), h: f(1, 'n', 2) },
    [['LSTM', ['x', 'w', 'r'], ['y', 'h'], { hidden_size: 2 }]],
    { w: weights(1, 8, 2), r: weights(1, 8, 2) },
  ),
  'a running total beside rows': graph(
    { x: f('n', 2), state: f(2) },
    { y: f('n', 2), next: f(2) },
    [
      ['ReduceSum', ['x', 'axes'], ['sum'], { keepdims: 0 }],
      ['Add', ['state', 'sum'], ['next']],
      ['Relu', ['x'], ['y']],
    ],
    { axes: axis(0) },
  ),
};
