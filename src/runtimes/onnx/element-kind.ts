import type { Tensor } from 'onnxruntime-node';
import { toFloat16 } from './float16.js';
import type { TypedArray } from './tensor-like.js';

/** Where the elements of a tensor of some type are stored. */
export type Store = TypedArray | string[];

/** How the values a handler gives become the elements of one tensor type. */
export interface ElementKind {
  /** One element, in words. */
  readonly expected: string;
  allocate(length: number): Store;
  /** Copies all of `source` to `target` from `offset` on; the index of the first misfit, or -1. */
  copy(source: ArrayLike<unknown>, target: Store, offset: number): number;
}

type Numbers = new (length: number) => Exclude<TypedArray, BigInt64Array | BigUint64Array>;
type BigInts = new (length: number) => BigInt64Array | BigUint64Array;

/** A loop of its own: features are floats, and a call for each would dominate small models. */
function floats(Storage: Numbers): ElementKind {
  return {
    expected: 'a number',
    allocate: (length) => new Storage(length),
    copy(source, target, offset) {
      if (source instanceof Storage) {
        (target as Float32Array).set(source, offset);
        return -1;
      }
      for (let i = 0; i < source.length; i++) {
        const value = source[i];
        if (typeof value !== 'number') return i;
        target[offset + i] = value;
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
    expected,
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

// What ONNX Runtime wants a float16 tensor's data to be depends on the JavaScript engine; a
// Uint16Array holds raw bits under either.
const NativeFloat16 = (globalThis as { Float16Array?: Numbers & Float16View }).Float16Array;
type Float16View = new (buffer: ArrayBufferLike, offset: number, length: number) => TypedArray;

function float16(): ElementKind {
  if (NativeFloat16 === undefined) {
    return converted(Uint16Array, 'a number', (value) =>
      typeof value === 'number' ? toFloat16(value) : undefined,
    );
  }
  const kind = floats(NativeFloat16);
  return {
    ...kind,
    copy: (source, target, offset) =>
      kind.copy(
        source instanceof Uint16Array
          ? new NativeFloat16(source.buffer, source.byteOffset, source.length)
          : source,
        target,
        offset,
      ),
  };
}

/** Every tensor type ONNX Runtime can be fed with; 4-bit types only as a ready tensor. */
export const ELEMENT_KINDS: Readonly<Partial<Record<Tensor.Type, ElementKind>>> = {
  float16: float16(),
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
  bool: converted(Uint8Array, 'true or false', (value) =>
    typeof value === 'boolean' ? Number(value) : undefined,
  ),
  string: {
    expected: 'a string',
    allocate: (length) => Array.from({ length }, () => ''),
    copy(source, target, offset) {
      for (let i = 0; i < source.length; i++) {
        const value = source[i];
        if (typeof value !== 'string') return i;
        target[offset + i] = value;
      }
      return -1;
    },
  },
};
