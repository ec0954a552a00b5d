import { INTEGERS, type IntegerName, type IntegerType } from '../integer.js';
import { digitsUpTo, positiveDigitsUpTo } from './digits.js';
import type { JsonSchema } from './json-schema.js';

/** As `numberOf` takes them, with a point or an exponent: whether they are integers is not said. */
const WITH_POINT_OR_EXPONENT =
  '[+-]?([0-9]+[.][0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[+-]?[0-9]+[eE][+-]?[0-9]+';

/** @param exact whether numbers beyond 2^53 are refused, as they are in answers */
export function integerInput(name: IntegerName, exact: boolean): JsonSchema {
  const type = INTEGERS[name];
  const digits = `[+]?0*(${digitsUpTo(type.max)})|-0*(${digitsUpTo(magnitude(type))})`;
  return {
    anyOf: [
      { type: 'integer', ...numberRange(type, exact) },
      { type: 'string', pattern: `^(${digits}|${WITH_POINT_OR_EXPONENT})$` },
    ],
  };
}

export function integerOutput(name: IntegerName): JsonSchema {
  const type = INTEGERS[name];
  if (!type.long) return { type: 'integer', ...numberRange(type, false) };
  return { type: 'string', pattern: `^(${canonicalDigits(type)})$` };
}

/** Digits only: a key has no fraction, and a sign only where the type has one. */
export function integerKeyPattern(name: IntegerName, canonical: boolean): string {
  const type = INTEGERS[name];
  if (canonical) return `^(${canonicalDigits(type)})$`;
  const negative = type.signed ? `|-0*(${digitsUpTo(magnitude(type))})` : '';
  return `^(0*(${digitsUpTo(type.max)})${negative})$`;
}

function canonicalDigits(type: IntegerType): string {
  const negative = type.signed ? `|-(${positiveDigitsUpTo(magnitude(type))})` : '';
  return `${digitsUpTo(type.max)}${negative}`;
}

function magnitude({ min }: IntegerType): string {
  return min.replace('-', '');
}

/** The largest number below the limit of a 64-bit type: the limit itself is none that a double has. */
const LARGEST_BELOW: Readonly<Record<string, number>> = {
  [INTEGERS.int64.max]: 2 ** 63 - 2 ** 10,
  [INTEGERS.uint64.max]: 2 ** 64 - 2 ** 11,
};

function numberRange({ min, max, long }: IntegerType, exact: boolean): JsonSchema {
  const minimum = Number(min);
  const maximum = LARGEST_BELOW[max] ?? Number(max);
  if (!long || !exact) return { minimum, maximum };
  return {
    minimum: Math.max(minimum, Number.MIN_SAFE_INTEGER),
    maximum: Math.min(maximum, Number.MAX_SAFE_INTEGER),
  };
}
