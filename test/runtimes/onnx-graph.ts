import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';

// The part of ONNX's onnx.proto that graphs of a few operators need; names and numbers are those of
// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
const { root } = protobuf.parse(`
  syntax = "proto2";
  message ModelProto {
    optional int64 ir_version = 1;
    optional GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8;
  }
  message OperatorSetIdProto { optional string domain = 1; optional int64 version = 2; }
  message GraphProto {
    repeated NodeProto node = 1;
    optional string name = 2;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
  }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    optional string op_type = 4;
    repeated AttributeProto attribute = 5;
  }
  message AttributeProto {
    optional string name = 1;
    optional float f = 2;
    optional int64 i = 3;
    optional bytes s = 4;
    repeated int64 ints = 8;
    enum Type { UNDEFINED = 0; FLOAT = 1; INT = 2; STRING = 3; INTS = 7; }
    optional Type type = 20;
  }
  message TensorProto {
    enum DataType {
      UNDEFINED = 0; FLOAT = 1; UINT8 = 2; INT8 = 3; UINT16 = 4; INT16 = 5; INT32 = 6; INT64 = 7;
      STRING = 8; BOOL = 9; FLOAT16 = 10; DOUBLE = 11; UINT32 = 12; UINT64 = 13;
    }
    repeated int64 dims = 1;
    optional int32 data_type = 2;
    repeated float float_data = 4 [packed = true];
    repeated int64 int64_data = 7 [packed = true];
    optional string name = 8;
  }
  message ValueInfoProto { optional string name = 1; optional TypeProto type = 2; }
  message TypeProto {
    message Tensor { optional int32 elem_type = 1; optional TensorShapeProto shape = 2; }
    message Sequence { optional TypeProto elem_type = 1; }
    optional Tensor tensor_type = 1;
    optional Sequence sequence_type = 4;
  }
  message TensorShapeProto {
    message Dimension { optional int64 dim_value = 1; optional string dim_param = 2; }
    repeated Dimension dim = 1;
  }
`);
const ModelProto = root.lookupType('ModelProto');
const { values: types } = root.lookupEnum('TensorProto.DataType');

/** An element type ONNX knows, by its name there. */
type ElementType = string;

/** A value's element type and shape; a string is an open dimension, no shape an unknown rank. */
export type Value = readonly [type: ElementType, shape?: readonly (number | string)[]];

/** A constant: whole numbers are INT64 where the type says so, others FLOAT. */
export interface Constant {
  readonly type: 'FLOAT' | 'INT64';
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

/** A number that is whole is an integer for ONNX; `{ float }` says otherwise. */
type Attribute = number | string | readonly number[] | { readonly float: number };

export type Node = readonly [
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes?: Readonly<Record<string, Attribute>>,
];

export interface Graph {
  readonly inputs: Readonly<Record<string, Value>>;
  /** Those named here are sequences of such tensors. */
  readonly sequences?: readonly string[];
  readonly outputs: Readonly<Record<string, Value>>;
  readonly constants?: Readonly<Record<string, Constant>>;
  readonly nodes: readonly Node[];
  /** The version of the operators; 13 if not given. */
  readonly opset?: number;
}

/** Writes a model of a few operators into `directory`; the file's path. */
export function writeGraph(directory: string, graph: Graph): string {
  const { inputs, outputs, constants = {}, nodes, sequences = [], opset = 13 } = graph;
  const value = ([name, declared]: [string, Value]) => {
    const type = tensorType(declared);
    return { name, type: sequences.includes(name) ? { sequenceType: { elemType: type } } : type };
  };
  const message = ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'test',
      input: Object.entries(inputs).map(value),
      output: Object.entries(outputs).map(value),
      initializer: Object.entries(constants).map(([name, { type, dims, data }]) => ({
        name,
        dims,
        dataType: types[type],
        [type === 'FLOAT' ? 'floatData' : 'int64Data']: data,
      })),
      node: nodes.map(([opType, input, output, attributes = {}]) => ({
        opType,
        input,
        output,
        attribute: Object.entries(attributes).map(attribute),
      })),
    },
  });
  const file = join(directory, `${Object.keys(inputs).join('-')}-${Date.now()}-${count++}.onnx`);
  writeFileSync(file, ModelProto.encode(message).finish());
  return file;
}

let count = 0;

function tensorType([type, shape]: Value) {
  const dim = (size: number | string) =>
    typeof size === 'number' ? { dimValue: size } : size === '' ? {} : { dimParam: size };
  return {
    tensorType: { elemType: types[type], ...(shape && { shape: { dim: shape.map(dim) } }) },
  };
}

function attribute([name, value]: [string, Attribute]) {
  if (typeof value === 'number') return { name, i: value, type: 'INT' };
  if (typeof value === 'string') return { name, s: Buffer.from(value), type: 'STRING' };
  if ('float' in value) return { name, f: value.float, type: 'FLOAT' };
  return { name, ints: value, type: 'INTS' };
}
