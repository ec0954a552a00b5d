import type { Tensor, TypedTensor } from 'onnxruntime-node';

/** The arrays that a tensor's data may be. */
export type TypedArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint8ClampedArray
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array;

type Element = number | bigint | string | boolean;

/**
 * What can be fed to a model's input: a tensor, or values whose shape follows from their nesting,
 * such as `[[5.1, 3.5], [4.9, 3]]` or an array of typed arrays. Flat values (also one value alone)
 * are taken in row-major order when the model's shape leaves at most one dimension open.
 */
export type TensorLike = Tensor | TypedArray | Element | readonly TensorLike[];

/** The tensors of one run, by output name. Those of type float16 come as float32. */
export type Outputs<O extends Record<string, Tensor.Type>> = {
  readonly [Name in keyof O]: TypedTensor<O[Name] extends 'float16' ? 'float32' : O[Name]>;
};

/** One item's part of every output of a batch: flat values, row-major. */
export type Rows<O extends Record<string, Tensor.Type>> = {
  readonly [Name in keyof O]: RowTypes[O[Name]];
};

interface RowTypes extends Omit<Tensor.DataTypeMap, 'bool' | 'float16'> {
  bool: boolean[];
  float16: Float32Array;
}

export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}
