import type { Datatype, Elements } from './tensor.js';

/** A list of numbers, as all datatypes have but BYTES. */
export type NumericElements = Exclude<Elements, readonly unknown[]>;

type ArrayOf = new (buffer: ArrayBufferLike, byteOffset: number, length: number) => NumericElements;

/** How the elements of a datatype lie in memory. */
export interface NumericDatatype {
  /** Bytes of an element on the wire. */
  readonly width: number;
  readonly Array: ArrayOf & (new (length: number) => NumericElements);
}

/** All datatypes but BYTES, whose elements are of any length. */
export const NUMERIC: Readonly<Record<Exclude<Datatype, 'BYTES'>, NumericDatatype>> = {
  BOOL: { width: 1, Array: Uint8Array },
  UINT8: { width: 1, Array: Uint8Array },
  UINT16: { width: 2, Array: Uint16Array },
  UINT32: { width: 4, Array: Uint32Array },
  UINT64: { width: 8, Array: BigUint64Array },
  INT8: { width: 1, Array: Int8Array },
  INT16: { width: 2, Array: Int16Array },
  INT32: { width: 4, Array: Int32Array },
  INT64: { width: 8, Array: BigInt64Array },
  FP16: { width: 2, Array: Float32Array },
  BF16: { width: 2, Array: Float32Array },
  FP32: { width: 4, Array: Float32Array },
  FP64: { width: 8, Array: Float64Array },
};

const NAMES: ReadonlySet<unknown> = new Set([...Object.keys(NUMERIC), 'BYTES']);

export const DATATYPE = `a datatype (${[...NAMES].join(', ')})`;

export function isDatatype(value: unknown): value is Datatype {
  return NAMES.has(value);
}
