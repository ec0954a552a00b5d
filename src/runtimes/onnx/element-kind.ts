import type { Tensor } from 'onnxruntime-node';
import { toFloat16 } from './float16.js';
import type { TypedArray } from './tensor-like.js';

/** Where the elements of a tensor of some type are stored. */
export type Store = TypedArray | string[];

/** How the values a handler gives become the elements of one tensor type. */
export interface ElementKind {
  /** What one element must be, in words, where `got` is none. */
  expected(got: unknown): string;
  allocate(length: number): Store;
  /** Copies all of `source` to `target` from `offset` on; the index of the first misfit, or -1. */
  copy(source: ArrayLike<unknown>, target: Store, offset: number): number;
}

type Numbers = new (length: number) => Exclude<TypedArray, BigInt64Array | BigUint64Array>;
type BigInts = new (length: number) => BigInt64Array | BigUint64Array;

/** A number, or one of the strings by which ProtoJSON's canonical form says what JSON's numbers cannot. */
function floating(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (value === 'NaN') return NaN;
  if (value === 'Infinity') return Infinity;
  return value === '-Infinity' ? -Infinity : undefined;
}

/** A loop of its own: features are floats, and a call for each would dominate small models. */
function floats(Storage: Numbers): ElementKind {
  return {
    expected: () => 'a number',
    allocate: (length) => new Storage(length),
    copy(source, target, offset) {
      if (source instanceof Storage) {
        (target as Float32Array).set(source, offset);
        return -1;
      }
      for (let i = 0; i < source.length; i++) {
        const value = source[i];
        const element = typeof value === 'number' ? value : floating(value);
        if (element === undefined) return i;
        target[offset + i] = element;
      }
      return -1;
    },
  };
}

function converted(
  Storage: Numbers | BigInts,
  expected: string,
  convert: (value: unknown) => number | bigint | undefined,
): ElementKind {
  return {
    expected: () => expected,
    allocate: (length) => new Storage(length),
    copy(source, target, offset) {
      if (source instanceof Storage) {
        (target as Uint8Array).set(source as Uint8Array, offset);
        return -1;
      }
      for (let i = 0; i < source.length; i++) {
        const element = convert(source[i]);
        if (element === undefined) return i;
        target[offset + i] = element;
      }
      return -1;
    },
  };
}

function integers(Storage: Numbers, min: number, max: number): ElementKind {
  return converted(Storage, `an integer from ${min} to ${max}`, (value) =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max
      ? (value as number)
      : undefined,
  );
}

/** 64-bit integers come as bigint, as decimal strings (the canonical form of ProtoJSON) or as safe numbers. */
function bigIntegers(Storage: BigInts, min: bigint, max: bigint): ElementKind {
  return converted(Storage, `a 64-bit integer from ${min} to ${max}`, (value) => {
    const integer =
      typeof value === 'bigint'
        ? value
        : Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value))
          ? BigInt(value as number | string)
          : undefined;
    return integer !== undefined && integer >= min && integer <= max ? integer : undefined;
  });
}

/** Booleans, one byte each: what comes as bytes must be 0 or 1, since any other is no boolean. */
function booleans(): ElementKind {
  const kind = converted(Uint8Array, 'true or false', (value) =>
    typeof value === 'boolean' ? Number(value) : undefined,
  );
  return {
    ...kind,
    copy(source, target, offset) {
      const misfit = source instanceof Uint8Array ? source.findIndex((element) => element > 1) : -1;
      return misfit >= 0 ? misfit : kind.copy(source, target, offset);
    },
  };
}

/** ONNX Runtime's binding ends a string at U+0000 without a word. */
function strings(): ElementKind {
  return {
    expected: (got) => (typeof got === 'string' ? 'a string without U+0000' : 'a string'),
    allocate: (length) => Array.from({ length }, () => ''),
    copy(source, target, offset) {
      for (let i = 0; i < source.length; i++) {
        const value = source[i];
        if (typeof value !== 'string' || value.includes('\0')) return i;
        target[offset + i] = value;
      }
      return -1;
    },
  };
}

/** Every tensor type ONNX Runtime can be fed with; 4-bit types only as a ready tensor. */
export const ELEMENT_KINDS: Readonly<Partial<Record<Tensor.Type, ElementKind>>> = {
  // Raw bits; see Float16Tensor.
  float16: converted(Uint16Array, 'a number', (value) => {
    const number = floating(value);
    return number === undefined ? undefined : toFloat16(number);
  }),
  float32: floats(Float32Array),
  float64: floats(Float64Array),
  int8: integers(Int8Array, -128, 127),
  uint8: integers(Uint8Array, 0, 255),
  int16: integers(Int16Array, -32_768, 32_767),
  uint16: integers(Uint16Array, 0, 65_535),
  int32: integers(Int32Array, -2_147_483_648, 2_147_483_647),
  uint32: integers(Uint32Array, 0, 4_294_967_295),
  int64: bigIntegers(BigInt64Array, -(2n ** 63n), 2n ** 63n - 1n),
  uint64: bigIntegers(BigUint64Array, 0n, 2n ** 64n - 1n),
  bool: booleans(),
  string: strings(),
};
