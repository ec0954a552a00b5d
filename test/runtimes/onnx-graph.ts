import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

const root = protobuf.loadSync(
  fileURLToPath(new URL('../../examples/iris/onnx.proto', import.meta.url)),
);
const ModelProto = root.lookupType('onnx.ModelProto');
const { values: types } = root.lookupEnum('onnx.TensorProto.DataType');

/** A value's element type and shape; a string is an open dimension, no shape an unknown rank. */
export type Value = readonly [type: string, shape?: readonly (number | string)[]];

export interface Graph {
  readonly inputs: Readonly<Record<string, Value>>;
  readonly outputs: Readonly<Record<string, Value>>;
  /** Operator, inputs, outputs. */
  readonly nodes: readonly (readonly [op: string, inputs: string[], outputs: string[]])[];
}

/** Writes a model of a few operators into `directory`; the file's path. */
export function writeGraph(directory: string, { inputs, outputs, nodes }: Graph): string {
  const value = ([name, [type, shape]]: [string, Value]) => ({
    name,
    type: {
      tensorType: {
        elemType: types[type],
        ...(shape && {
          shape: {
            dim: shape.map((d) => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })),
          },
        }),
      },
    },
  });
  const message = ModelProto.fromObject({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 13 }],
    graph: {
      name: 'test',
      input: Object.entries(inputs).map(value),
      output: Object.entries(outputs).map(value),
      node: nodes.map(([opType, input, output]) => ({ opType, input, output })),
    },
  });
  const file = join(directory, `${Object.keys(inputs).join('-')}-${Date.now()}-${count++}.onnx`);
  writeFileSync(file, ModelProto.encode(message).finish());
  return file;
}

let count = 0;
