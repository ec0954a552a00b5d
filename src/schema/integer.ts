import { cut, integerOf } from '../json/index.js';
import type { Reader, Report } from './report.js';

/** A protobuf integer type: its range, its sign and whether JSON carries it as a string. */
export interface IntegerType {
  readonly min: bigint;
  readonly max: bigint;
  readonly signed: boolean;
  readonly long: boolean;
}

const int32: IntegerType = { min: -(2n ** 31n), max: 2n ** 31n - 1n, signed: true, long: false };
const uint32: IntegerType = { min: 0n, max: 2n ** 32n - 1n, signed: false, long: false };
const int64: IntegerType = { min: -(2n ** 63n), max: 2n ** 63n - 1n, signed: true, long: true };
const uint64: IntegerType = { min: 0n, max: 2n ** 64n - 1n, signed: false, long: true };

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

const DIGITS = /^[+-]?[0-9]+$/;
/** A JSON-like number, also with a leading plus or without digits on one side of the point. */
export const NUMERIC = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;

const MINUS = 45;
const ZERO = 48;
const NINE = 57;

/** Longer digits cannot be in any range, and making a bigint of them costs a hostile square. */
const MAX_DIGITS = 20;

export function integerReader(name: IntegerName): Reader {
  const type = INTEGERS[name];
  const expected = `${name} (an integer from ${type.min} to ${type.max})`;
  const exactly = `expected ${name} beyond 2^53, where numbers lose digits, as`;
  return (value, report, at) => {
    const integer = report.answer ? answeredInteger(value) : toInteger(value);
    if (type.long && typeof integer === 'bigint' && typeof value === 'number') {
      const doubtful = doubtfulNumber(value, report, at);
      if (doubtful !== undefined) {
        const remedy = report.answer ? 'a bigint or a string' : 'a string';
        return report.refuse(at, `${exactly} ${remedy}, got the number ${cut(doubtful)}`);
      }
    }
    if (integer === undefined || integer < type.min || integer > type.max) {
      return report.fail(at, expected, value);
    }
    return type.long ? String(integer) : Number(integer);
  };
}

/**
 * How a number beyond 2^53 was written, where that is not what it is. A handler's may have lost
 * digits before it came here; without a text a client's is what it is.
 */
function doubtfulNumber(value: number, report: Report, at: number): string | undefined {
  return report.answer ? String(value) : report.text?.changedNumber(report.path, at);
}

/** The integer a JSON number or string stands for (`1`, `"1"`, `"1.0"`, `1e2`), if it is one. */
function toInteger(value: unknown): number | bigint | undefined {
  switch (typeof value) {
    case 'number':
      return fromNumber(value);
    case 'string':
      if (DIGITS.test(value)) return fromDigits(value);
      return NUMERIC.test(value) ? fromDecimal(value) : undefined;
    default:
      return undefined;
  }
}

function fromNumber(value: number): number | bigint | undefined {
  if (!Number.isInteger(value)) return undefined;
  // Adding zero makes -0 the integer 0; past 2^53, String(number) would print an exponent.
  return Number.isSafeInteger(value) ? value + 0 : BigInt(value);
}

/** Digits that a number would lose are kept. */
function fromDecimal(text: string): number | bigint | undefined {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number + 0 : integerOf(text);
}

function fromDigits(text: string): number | bigint | undefined {
  const digits = text.replace(/^\+/, '').replace(/^(-?)0+(?=\d)/, '$1');
  if (digits.length <= 15) return Number(digits) + 0;
  return digits.length > MAX_DIGITS ? undefined : BigInt(digits);
}

/** A handler may also return a bigint, or a Long as protobufjs gives it. */
function answeredInteger(value: unknown): number | bigint | undefined {
  if (typeof value === 'bigint') return value;
  if (typeof value !== 'object' || value === null) return toInteger(value);
  const { low, high, unsigned } = value as { low?: unknown; high?: unknown; unsigned?: unknown };
  if (typeof low !== 'number' || typeof high !== 'number') return undefined;
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  return unsigned === true ? bits : BigInt.asIntN(64, bits);
}

/** A map key is stricter than a value: digits only, a sign only where the type has one. */
export function canonicalIntegerKey(key: string, type: IntegerType): string | undefined {
  if (!(type.signed ? /^-?[0-9]+$/ : /^[0-9]+$/).test(key)) return undefined;
  const integer = fromDigits(key);
  return integer === undefined || integer < type.min || integer > type.max
    ? undefined
    : String(integer);
}

/** Whether `text` is an integer of the type as `String` would write it. */
export function isCanonicalInteger(text: string, type: IntegerType): boolean {
  const signed = type.signed && text.charCodeAt(0) === MINUS;
  const digits = signed ? text.length - 1 : text.length;
  const anyFits = type.long ? 18 : 9;
  if (digits > anyFits) return digits <= MAX_DIGITS && canonicalIntegerKey(text, type) === text;
  let i = signed ? 1 : 0;
  if (text.charCodeAt(i) === ZERO) return text.length === 1;
  for (; i < text.length; i++) {
    const digit = text.charCodeAt(i);
    if (digit < ZERO || digit > NINE) return false;
  }
  return digits > 0;
}
