// ONNX files for the time of one run: a chain of operators on float32, with weights.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';

/** The part of onnx.proto that a chain of operators without attributes needs; field numbers are ONNX's. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ModelProto {
    int64 ir_version = 1;
    GraphProto graph = 7;
    repeated OperatorSetIdProto opset_import = 8;
  }
  message OperatorSetIdProto { string domain = 1; int64 version = 2; }
  message GraphProto {
    repeated NodeProto node = 1;
    string name = 2;
    repeated TensorProto initializer = 5;
    repeated ValueInfoProto input = 11;
    repeated ValueInfoProto output = 12;
  }
  message NodeProto {
    repeated string input = 1;
    repeated string output = 2;
    string name = 3;
    string op_type = 4;
  }
  message TensorProto {
    repeated int64 dims = 1;
    int32 data_type = 2;
    string name = 8;
    bytes raw_data = 9;
  }
  message ValueInfoProto { string name = 1; TypeProto type = 2; }
  message TypeProto { Tensor tensor_type = 1; }
  message Tensor { int32 elem_type = 1; Shape shape = 2; }
  message Shape { repeated Dimension dim = 1; }
  message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
`);
const ModelProto = root.lookupType('ModelProto');
const FLOAT = 1;

/**
 * Writes a model and gives its path. Nodes are `[operator, inputs, output]`; weights are `[dims, data]`
 * by name; input and output are `[name, shape]`, with strings for open dimensions.
 */
export function writeModel({ name, nodes, weights, input, output }) {
  const folder = mkdtempSync(join(tmpdir(), 'bench-onnx-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, `${name}.onnx`);
  const message = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name,
      node: nodes.map(([opType, from, to]) => ({ name: to, opType, input: from, output: [to] })),
      initializer: Object.entries(weights).map(([weight, [dims, data]]) => ({
        name: weight,
        dims,
        dataType: FLOAT,
        rawData: new Uint8Array(data.buffer),
      })),
      input: [value(input)],
      output: [value(output)],
    },
  };
  writeFileSync(file, ModelProto.encode(ModelProto.fromObject(message)).finish());
  return file;
}

function value([name, shape]) {
  const dim = shape.map((size) =>
    typeof size === 'number' ? { dimValue: size } : { dimParam: size },
  );
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}
