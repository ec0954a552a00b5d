import type { Endpoint } from '../../endpoint/endpoint.js';
import {
  DECLARED_TENSORS,
  type DeclaredTensor,
  type DeclaredTensors,
} from '../../runtimes/onnx/declared-tensors.js';
import type { Datatype } from '../tensors/index.js';
import { typeOfDatatype } from './element-type.js';
import { openRow, type DeclaredRow, type FieldTensor } from './field-tensor.js';

/** What the one model declares that an endpoint holds; `undefined` where it holds none, or several. */
export function declaredTensors({ instance }: Endpoint): DeclaredTensors | undefined {
  if (instance === undefined) return undefined;
  const found = [instance, ...Object.values(instance)].flatMap((value: unknown) =>
    typeof value === 'object' && value !== null && DECLARED_TENSORS in value
      ? ((value[DECLARED_TENSORS] as DeclaredTensors | undefined) ?? [])
      : [],
  );
  return found.length === 1 ? found[0] : undefined;
}

/** The shapes of rows that a model declares, by the name of the tensor. */
export function declaredRows(
  tensors: readonly DeclaredTensor[] = [],
): ReadonlyMap<string, DeclaredRow> {
  return new Map(
    tensors.flatMap((tensor) => {
      const row = rowOf(tensor);
      return row === undefined ? [] : [[tensor.name, row] as const];
    }),
  );
}

/**
 * A model's outputs, those without a shape whose rows have several open sizes that no input tells: a row
 * comes as a flat list.
 */
export function tellableOutputs(
  { outputs }: DeclaredTensors,
  inputs: readonly FieldTensor[] = [],
): readonly DeclaredTensor[] {
  const told = new Set(inputs.flatMap(({ declaredRow = [] }) => declaredRow));
  return outputs.map((output) => {
    const open = rowOf(output)?.filter((size) => typeof size === 'string') ?? [];
    const untold = open.filter((name) => name === '' || !told.has(name));
    return untold.length > 1 ? { ...output, shape: undefined } : output;
  });
}

/** A model's tensors as those of an endpoint without a schema; `undefined` where rows cannot be told. */
export function tensorsOfModel(
  declared: readonly DeclaredTensor[] | undefined,
): readonly FieldTensor[] | undefined {
  const tensors = declared?.map(tensorOf);
  return tensors?.every((tensor) => tensor !== undefined) ? tensors : undefined;
}

function tensorOf(declared: DeclaredTensor): FieldTensor | undefined {
  const { name, type } = declared;
  const datatype = DATATYPES[type];
  const declaredRow = rowOf(declared);
  if (datatype === undefined || declaredRow === undefined) return undefined;
  const rowShape = openRow(declaredRow);
  return {
    name,
    names: [name],
    datatype,
    shape: [-1, ...rowShape],
    type: typeOfDatatype(datatype),
    isList: rowShape.length > 0,
    isNested: rowShape.length > 1,
    rowShape,
    declaredRow,
  };
}

/** The first dimension counts rows, unless it is fixed to more than one. */
function rowOf({ shape }: DeclaredTensor): DeclaredRow | undefined {
  if (shape === undefined || shape.length === 0) return undefined;
  const [first, ...rest] = shape;
  return typeof first === 'number' && first !== 1 ? undefined : rest;
}

const DATATYPES: Readonly<Record<string, Datatype>> = {
  bool: 'BOOL',
  float16: 'FP16',
  float32: 'FP32',
  float64: 'FP64',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  string: 'BYTES',
};
