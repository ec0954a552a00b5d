import { cut } from '../json/index.js';
import { digitsBetween, exactDigits, numberOf } from './numeric.js';
import type { Reader, Report } from './report.js';

/** A protobuf integer type: its range, its sign and whether JSON carries it as a string. */
export interface IntegerType {
  /** In decimal digits. */
  readonly min: string;
  readonly max: string;
  readonly signed: boolean;
  readonly long: boolean;
}

const int32: IntegerType = { min: '-2147483648', max: '2147483647', signed: true, long: false };
const uint32: IntegerType = { min: '0', max: '4294967295', signed: false, long: false };
const int64: IntegerType = {
  min: '-9223372036854775808',
  max: '9223372036854775807',
  signed: true,
  long: true,
};
const uint64: IntegerType = { min: '0', max: '18446744073709551615', signed: false, long: true };

export const INTEGERS = {
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint64,
  fixed64: uint64,
} as const;

export type IntegerName = keyof typeof INTEGERS;

const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** A sign more than the widest type. */
const MOST_BITS = 65;

export function integerReader(name: IntegerName): Reader {
  const type = INTEGERS[name];
  const expected = `${name} (an integer from ${type.min} to ${type.max})`;
  const exactly = `expected ${name} beyond 2^53, where numbers lose digits, as`;
  return (value, report, at) => {
    if (type.long && typeof value === 'number' && isUnsafeInteger(value)) {
      const doubtful = doubtfulNumber(value, report, at);
      if (doubtful !== undefined) {
        const remedy = report.answer ? 'a bigint or a string' : 'a string';
        return report.refuse(at, `${exactly} ${remedy}, got the number ${cut(doubtful)}`);
      }
    }
    const integer = toInteger(report.answer ? answeredInteger(value) : value, type);
    return integer ?? report.fail(at, expected, value);
  };
}

function isUnsafeInteger(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value);
}

/**
 * How a number beyond 2^53 was written, where that is not what it is. A handler's may have lost
 * digits before it came here; without a text a client's is what it is.
 */
function doubtfulNumber(value: number, report: Report, at: number): string | undefined {
  return report.answer ? String(value) : report.text?.changedNumber(report.path, at);
}

/** The canonical form of a JSON number or string that is an integer (`1`, `"1"`, `"1.0"`, `1e2`). */
function toInteger(value: unknown, type: IntegerType): number | string | undefined {
  if (typeof value === 'number') return fromNumber(value, type);
  if (typeof value !== 'string') return undefined;
  if (!type.long) return fromNumber(numberOf(value), type);
  return digitsBetween(value, type.min, type.max) ?? fromDecimal(value, type);
}

function fromNumber(value: number, type: IntegerType): number | string | undefined {
  if (!type.long) {
    // Adding zero makes -0 the integer 0.
    return (type.signed ? value | 0 : value >>> 0) === value ? value + 0 : undefined;
  }
  if (Number.isSafeInteger(value)) return value >= 0 || type.signed ? String(value) : undefined;
  const least = type.signed ? -(2 ** 63) : 0;
  if (!Number.isInteger(value) || value < least || value >= least + 2 ** 64) return undefined;
  // String would print an exponent, or zeros for digits.
  return String(BigInt(value));
}

/** Digits that a number would lose are kept. */
function fromDecimal(text: string, type: IntegerType): number | string | undefined {
  const number = numberOf(text);
  if (!isUnsafeInteger(number)) return fromNumber(number, type);
  const digits = exactDigits(text);
  return digits === undefined ? undefined : digitsBetween(digits, type.min, type.max);
}

/** A handler may also return a bigint, or a Long as protobufjs gives it. */
function answeredInteger(value: unknown): unknown {
  if (typeof value === 'bigint') return textOf(value);
  if (typeof value !== 'object' || value === null) return value;
  const { low, high, unsigned } = value as { low?: unknown; high?: unknown; unsigned?: unknown };
  if (typeof low !== 'number' || typeof high !== 'number') return undefined;
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return String(unsigned === true ? bits : BigInt.asIntN(64, bits));
}

/** The digits of a bigint that may be of a type: those of a long one cost the square of their number. */
function textOf(value: bigint): string | undefined {
  return BigInt.asIntN(MOST_BITS, value) === value ? String(value) : undefined;
}

/** A map key is stricter than a value: digits only, a sign only where the type has one. */
export function canonicalIntegerKey(key: string, type: IntegerType): string | undefined {
  const first = key.charCodeAt(0);
  if (first === PLUS || (first === MINUS && !type.signed)) return undefined;
  return digitsBetween(key, type.min, type.max);
}

/**
 * Makes the test whether a text is an integer of the type as `String` would write it. Each type has
 * a function of its own, in which what is known of the type is constant.
 */
export function canonicalIntegerTest({ signed, long, min, max }: IntegerType) {
  const anyFits = long ? 18 : 9;
  return (text: string): boolean => {
    const start = signed && text.charCodeAt(0) === MINUS ? 1 : 0;
    const digits = text.length - start;
    if (digits > anyFits) return digitsBetween(text, min, max) === text;
    if (text.charCodeAt(start) === ZERO) return text.length === 1;
    for (let i = start; i < text.length; i++) {
      const digit = text.charCodeAt(i);
      if (digit < ZERO || digit > NINE) return false;
    }
    return digits > 0;
  };
}
