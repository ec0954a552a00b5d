import type { Datatype } from './tensor.js';

// The bits of a float32 are read and written through two views of one buffer.
const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** A way to write a number in 16 bits. */
export interface Half {
  fromBits(half: number): number;
  toBits(value: number): number;
}

/** IEEE 754's half precision. */
const FLOAT16: Half = {
  fromBits(half) {
    const magnitude = half & 0x7fff;
    let value: number;
    if (magnitude >= 0x7c00) value = magnitude === 0x7c00 ? Infinity : NaN;
    else if (magnitude < 0x0400) value = magnitude * 2 ** -24;
    else {
      bits[0] = (magnitude << 13) + 0x38000000;
      value = single[0]!;
    }
    return half & 0x8000 ? -value : value;
  },

  toBits(value) {
    single[0] = value;
    const sign = (bits[0]! >>> 16) & 0x8000;
    const magnitude = bits[0]! & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;
    // Halfway between the largest half and the next power of two; from there on it is infinity.
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    if (magnitude < 0x38800000) {
      // Halves below 2^-14 are multiples of 2^-24, to which the sum with 0.5 is rounded.
      bits[0] = magnitude;
      single[0] = single[0]! + 0.5;
      return sign | (bits[0]! - 0x3f000000);
    }
    return sign | (roundedOff(magnitude, 13) - (0x38000000 >>> 13));
  },
};

/** The upper half of a float32. */
const BFLOAT16: Half = {
  fromBits(half) {
    bits[0] = half << 16;
    return single[0]!;
  },

  toBits(value) {
    single[0] = value;
    const word = bits[0]!;
    // Rounding could carry a NaN over to an infinity.
    if (Number.isNaN(value)) return (word >>> 16) | 0x40;
    return roundedOff(word, 16);
  },
};

/** `undefined` for what does not have 16 bits, or is no float. */
export function halfOf(datatype: Datatype): Half | undefined {
  if (datatype === 'FP16') return FLOAT16;
  return datatype === 'BF16' ? BFLOAT16 : undefined;
}

/** All but the last bits, rounded to the nearest, ties to even. */
function roundedOff(word: number, count: number): number {
  const isOdd = (word >>> count) & 1;
  return (word + (1 << (count - 1)) - 1 + isOdd) >>> count;
}
