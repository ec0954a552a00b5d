import { Tensor } from 'onnxruntime-node';

// A float32's bits are read through these two views of one buffer.
const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The IEEE 754 half-precision bits of a number, rounded to nearest, ties to even. */
export function toFloat16(value: number): number {
  const word = oddBits(value);
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65520 and above round to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2^-14 halves are multiples of 2^-24; adding 0.5 makes the float unit round to them.
    bits[0] = magnitude;
    single[0] = single[0]! + 0.5;
    return sign | (bits[0]! - 0x3f000000);
  }
  const even = (magnitude >>> 13) & 1;
  return sign | ((magnitude - 0x38000000 + 0xfff + even) >>> 13);
}

/**
 * The bits of the float32 beside a number, odd where it is not the number itself: rounded to nearest
 * they could end halfway between two halves, and be rounded to the wrong one.
 */
function oddBits(value: number): number {
  single[0] = value;
  const nearest = single[0]!;
  if (nearest === value || Number.isNaN(value)) return bits[0]!;
  return (Math.abs(nearest) > Math.abs(value) ? bits[0]! - 1 : bits[0]!) | 1;
}

/**
 * The numbers of a float16 tensor of ONNX Runtime's own: raw bits (`Uint16Array`) where the
 * JavaScript engine has no `Float16Array`, as in Node 20. `OnnxModel` gives numbers already.
 */
export function fromFloat16(data: ArrayLike<number>): Float32Array {
  if (!(data instanceof Uint16Array)) return Float32Array.from(data);
  return Float32Array.from(data, (half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
    return exponent === 0
      ? sign * fraction * 2 ** -24
      : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/**
 * A tensor to feed. Where the engine has a `Float16Array` a tensor holds one, which ONNX Runtime's
 * binding reads as empty: its `data` is kept to the bits.
 */
export function float16Tensor(bits: Uint16Array, dims: readonly number[]): Tensor {
  return Object.defineProperty(new Tensor('float16', bits, dims), 'data', { value: bits });
}

/** The bits of a float16 tensor, whichever way the engine shows them. */
export function float16Bits({ data }: Tensor): Uint16Array {
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new Uint16Array(buffer, byteOffset, length);
}

/** Outputs with numbers for halves. */
export function widened(outputs: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  const wide: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    wide[name] =
      tensor.type === 'float16'
        ? new Tensor('float32', fromFloat16(tensor.data as Uint16Array), tensor.dims)
        : tensor;
  }
  return wide;
}
