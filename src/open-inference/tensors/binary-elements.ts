import { viewedBytes, type Path } from '../../json/index.js';
import { NO_BYTES } from '../../schema/base64.js';
import { NUMERIC, type NumericElements } from './datatypes.js';
import { halfOf, type Half } from './half.js';
import { refusal, unexpected } from './refusal.js';
import { checkCount } from './shape.js';
import type { Datatype, Elements } from './tensor.js';

/** Bytes of the length that stands before each of BYTES. */
const PREFIX = 4;

/**
 * The elements of raw bytes: little-endian, one behind the other. They look at the bytes themselves where
 * these lie at an address that the processor can read them from.
 *
 * @param place of the bytes, for what is wrong with them
 * @throws {InvalidRequest}
 */
export function readRaw(
  bytes: Uint8Array,
  datatype: Datatype,
  shape: readonly number[],
  place: Path,
): Elements {
  if (datatype === 'BYTES') return readByteStrings(bytes, shape, place);
  const { width } = NUMERIC[datatype];
  if (bytes.length % width !== 0) {
    const message = `expected elements of ${width} bytes of ${datatype}, got ${bytes.length} bytes`;
    throw refusal(place, message);
  }
  checkCount(bytes.length / width, shape, place);
  const half = halfOf(datatype);
  if (half !== undefined) return widened(bytes, half);
  if (datatype === 'BOOL') checkBooleans(bytes, place);
  return numbersOf(bytes, NUMERIC[datatype].Array, width);
}

/** Raw bytes of elements. Those of numbers are what the elements look at, not a copy. */
export function writeRaw(elements: Elements, datatype: Datatype): Uint8Array {
  if (datatype === 'BYTES') return writeByteStrings(elements as readonly (string | Uint8Array)[]);
  const half = halfOf(datatype);
  const numbers = half === undefined ? elements : narrowed(elements as Float32Array, half);
  return viewedBytes(numbers as NumericElements);
}

function numbersOf<A>(
  bytes: Uint8Array,
  ArrayOf: new (buffer: ArrayBufferLike, byteOffset: number, length: number) => A,
  width: number,
): A {
  const { buffer, byteOffset } = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return new ArrayOf(buffer, byteOffset, bytes.length / width);
}

function widened(bytes: Uint8Array, half: Half): Float32Array {
  const halves = numbersOf(bytes, Uint16Array, 2);
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = half.fromBits(halves[i]!);
  return values;
}

function narrowed(values: Float32Array, half: Half): Uint16Array {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = half.toBits(values[i]!);
  return halves;
}

function checkBooleans(bytes: Uint8Array, place: Path): void {
  const wrong = bytes.findIndex((byte) => byte > 1);
  if (wrong >= 0) throw unexpected([...place, wrong], '0 or 1', bytes[wrong]);
}

function readByteStrings(bytes: Uint8Array, shape: readonly number[], place: Path): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const elements: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at + PREFIX;
    const length = start <= bytes.length ? view.getUint32(at, true) : 0;
    at = start + length;
    if (at > bytes.length) {
      const where = [...place, elements.length];
      const rest = bytes.length - start;
      throw refusal(
        where,
        rest < 0
          ? `expected a length of ${PREFIX} bytes, got ${PREFIX + rest}`
          : `expected ${length} bytes, as its length says, got ${rest}`,
      );
    }
    elements.push(length === 0 ? NO_BYTES : bytes.subarray(start, at));
  }
  checkCount(elements.length, shape, place);
  return elements;
}

function writeByteStrings(elements: readonly (string | Uint8Array)[]): Uint8Array {
  const sizes = elements.map((element) => Buffer.byteLength(element));
  const bytes = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + PREFIX + size, 0));
  let at = 0;
  elements.forEach((element, index) => {
    at = bytes.writeUInt32LE(sizes[index]!, at);
    if (typeof element === 'string') bytes.write(element, at);
    else bytes.set(element, at);
    at += sizes[index]!;
  });
  return bytes;
}
