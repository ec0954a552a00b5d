import { decodeBase64, NO_BYTES } from '../base64.js';
import type { ScalarName } from '../scalar.js';
import type { Form } from './form.js';
import type { WireReader } from './wire-reader.js';
import { FIXED32, FIXED64, LENGTH_PREFIXED, VARINT } from './wire-type.js';
import type { WireWriter } from './wire-writer.js';

const TWO_32 = 2 ** 32;
/** So many digits surely fit a number. */
const SAFE_DIGITS = 15;

export function scalarForm(type: ScalarName): Form {
  return SCALARS[type];
}

const SCALARS: Record<ScalarName, Form> = {
  double: real(FIXED64, 8, {
    read: (wire) => jsonNumber(wire.double()),
    readAll(wire) {
      const list = listOf(wire.countOf(8));
      for (let i = 0; i < list.length; i++) list[i] = jsonNumber(wire.double());
      return list;
    },
    write: (writer, value) => writer.double(Number(value)),
  }),
  float: real(FIXED32, 4, {
    read: (wire) => jsonNumber(wire.float()),
    readAll(wire) {
      const list = listOf(wire.countOf(4));
      for (let i = 0; i < list.length; i++) list[i] = jsonNumber(wire.float());
      return list;
    },
    write: (writer, value) => writer.float(Number(value)),
  }),
  int32: number(VARINT, {
    read: (wire) => wire.varint32(),
    write: (writer, value) => writeInt32(writer, value as number),
  }),
  uint32: number(VARINT, {
    read: (wire) => wire.varint32() >>> 0,
    write: (writer, value) => writer.varint32(value as number),
  }),
  sint32: number(VARINT, {
    read: (wire) => zigzagDecoded(wire.varint32()),
    write: (writer, value) => writer.varint32(((value as number) << 1) ^ ((value as number) >> 31)),
  }),
  fixed32: number(FIXED32, {
    size: 4,
    read: (wire) => wire.fixed32() >>> 0,
    write: (writer, value) => writer.fixed32(value as number),
  }),
  sfixed32: number(FIXED32, {
    size: 4,
    read: (wire) => wire.fixed32(),
    write: (writer, value) => writer.fixed32(value as number),
  }),
  int64: long(VARINT, {
    read: (wire) => (wire.varint64(), signedText(wire.low, wire.high)),
    write: (writer, value) => writeHalves(value, (low, high) => writer.varint64(low, high)),
  }),
  uint64: long(VARINT, {
    read: (wire) => (wire.varint64(), unsignedText(wire.low, wire.high)),
    write: (writer, value) => writeHalves(value, (low, high) => writer.varint64(low, high)),
  }),
  sint64: long(VARINT, {
    read(wire) {
      wire.varint64();
      const { low, high } = wire;
      const sign = -(low & 1);
      return signedText(((low >>> 1) | (high << 31)) ^ sign, (high >>> 1) ^ sign);
    },
    write: (writer, value) =>
      writeHalves(value, (low, high) => {
        const sign = high >> 31;
        writer.varint64((low << 1) ^ sign, ((high << 1) | (low >>> 31)) ^ sign);
      }),
  }),
  fixed64: long(FIXED64, {
    size: 8,
    read: (wire) => (wire.fixed64(), unsignedText(wire.low, wire.high)),
    write: (writer, value) => writeHalves(value, (low, high) => writer.fixed64(low, high)),
  }),
  sfixed64: long(FIXED64, {
    size: 8,
    read: (wire) => (wire.fixed64(), signedText(wire.low, wire.high)),
    write: (writer, value) => writeHalves(value, (low, high) => writer.fixed64(low, high)),
  }),
  bool: {
    wireType: VARINT,
    read: (wire) => wire.bool(),
    write: (writer, value) => writer.varint32(Number(value)),
    absent: () => false,
    isDefault: (value) => value === false,
  },
  string: {
    wireType: LENGTH_PREFIXED,
    read: (wire) => wire.string(),
    write: (writer, value) => writer.string(value as string),
    absent: () => '',
    isDefault: (value) => value === '',
  },
  bytes: {
    wireType: LENGTH_PREFIXED,
    read: (wire) => wire.bytesField(),
    write: (writer, value) => writer.bytes(bytesIn(value)),
    absent: () => NO_BYTES,
    isDefault: (value) => (value as string | Uint8Array).length === 0,
  },
};

interface Access {
  readonly size?: number;
  readAll?: Form['readAll'];
  read(wire: WireReader): unknown;
  write(writer: WireWriter, value: unknown): void;
}

function number(wireType: number, access: Access): Form {
  return { wireType, ...access, absent: () => 0, isDefault: (value) => value === 0 };
}

/** Other than an integer's, a zero may be negative, which is not the default. */
function real(wireType: number, size: number, access: Access): Form {
  const isDefault = (value: unknown) => Object.is(value, 0);
  return { wireType, size, ...access, absent: () => 0, isDefault };
}

function long(wireType: number, access: Access): Form {
  return { wireType, ...access, absent: () => '0', isDefault: (value) => value === '0' };
}

/** Filling a list of its size takes a third of the time of growing one. */
function listOf(length: number): unknown[] {
  // oxlint-disable-next-line unicorn/no-new-array
  return new Array<unknown>(length);
}

/** NaN and the infinities are strings in canonical form. */
function jsonNumber(value: number): number | string {
  return value - value === 0 ? value : String(value);
}

function zigzagDecoded(value: number): number {
  return (value >>> 1) ^ -(value & 1);
}

/** Negative ones are as long as those of 64 bits. */
export function writeInt32(writer: WireWriter, value: number): void {
  if (value < 0) writer.varint64(value, -1);
  else writer.varint32(value);
}

function signedText(low: number, high: number): string {
  const isSafe = high >= -0x200000 && high < 0x200000;
  return isSafe ? String(numberOf(low, high)) : String(BigInt.asIntN(64, bitsOf(low, high)));
}

function unsignedText(low: number, high: number): string {
  const isSafe = high >= 0 && high < 0x200000;
  return String(isSafe ? numberOf(low, high) : bitsOf(low, high));
}

/** A signed 64-bit integer as a number, which has lost digits beyond 2^53. */
export function numberOf(low: number, high: number): number {
  return high * TWO_32 + (low >>> 0);
}

function bitsOf(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** Takes the digits of a 64-bit integer apart. */
function writeHalves(digits: unknown, write: (low: number, high: number) => void): void {
  const text = digits as string;
  if (text.length <= SAFE_DIGITS) {
    const integer = Number(text);
    const high = Math.floor(integer / TWO_32);
    write((integer - high * TWO_32) | 0, high);
  } else {
    const integer = BigInt(text);
    write(Number(BigInt.asIntN(32, integer)), Number(BigInt.asIntN(32, integer >> 32n)));
  }
}

/** A handler's bytes are base64 in a canonical answer. */
function bytesIn(value: unknown): Uint8Array {
  return typeof value === 'string' ? (decodeBase64(value) as Buffer) : (value as Uint8Array);
}
