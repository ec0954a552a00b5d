// The model of case 4: a perceptron 256-1024-1024-16 in float32 with fixed weights, as an ONNX file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';

const LAYERS = [256, 1024, 1024, 16];

/** The part of onnx.proto that a chain of Gemm and Relu needs; field numbers are ONNX's. */
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

/** Numbers in [-1, 1) that are the same in every run (a linear congruential generator). */
function sequence(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

const next = sequence(42);
const layers = LAYERS.slice(1).map((width, index) => {
  const inputs = LAYERS[index];
  const scale = Math.sqrt(3 / inputs);
  return {
    inputs,
    width,
    weights: Float32Array.from({ length: inputs * width }, () => next() * scale),
    bias: Float32Array.from({ length: width }, () => next() * 0.1),
  };
});

/** Writes the model, input `features` [N, 256], output `scores` [N, 16], for the time of this run. */
export function perceptronFile() {
  const folder = mkdtempSync(join(tmpdir(), 'bench-onnx-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'perceptron.onnx');
  writeFileSync(file, encode());
  return file;
}

function encode() {
  const node = [];
  const initializer = [];
  const last = layers.length - 1;
  layers.forEach(({ inputs, width, weights, bias }, index) => {
    const input = index === 0 ? 'features' : `active${index - 1}`;
    const output = index === last ? 'scores' : `linear${index}`;
    initializer.push(
      tensor(`weights${index}`, [inputs, width], weights),
      tensor(`bias${index}`, [width], bias),
    );
    node.push({
      name: `gemm${index}`,
      opType: 'Gemm',
      input: [input, `weights${index}`, `bias${index}`],
      output: [output],
    });
    if (index !== last) {
      node.push({
        name: `relu${index}`,
        opType: 'Relu',
        input: [output],
        output: [`active${index}`],
      });
    }
  });
  const message = {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'perceptron',
      node,
      initializer,
      input: [value('features', LAYERS[0])],
      output: [value('scores', LAYERS.at(-1))],
    },
  };
  return ModelProto.encode(ModelProto.fromObject(message)).finish();
}

const tensor = (name, dims, data) => ({
  name,
  dims,
  dataType: FLOAT,
  rawData: new Uint8Array(data.buffer),
});

const value = (name, width) => ({
  name,
  type: {
    tensorType: { elemType: FLOAT, shape: { dim: [{ dimParam: 'N' }, { dimValue: width }] } },
  },
});

/** The same computation in plain JavaScript: what the servers' answers are checked against. */
function forward(features) {
  return layers.reduce((input, { inputs, width, weights, bias }, index) => {
    const output = Array.from(bias);
    for (let i = 0; i < inputs; i++) {
      for (let j = 0; j < width; j++) output[j] += input[i] * weights[i * width + j];
    }
    return index === layers.length - 1 ? output : output.map((x) => Math.max(x, 0));
  }, features);
}

const feature = sequence(7);
const features = Array.from({ length: LAYERS[0] }, () => Math.round(feature() * 1_000) / 1_000);

export const body = JSON.stringify({ features });
export const answer = { scores: forward(features) };
export const invalidBody = JSON.stringify({ features: 'none' });
