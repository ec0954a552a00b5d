import { bytesReader } from './base64.js';
import { INTEGERS, integerReader, type IntegerName } from './integer.js';
import { numberOf } from './numeric.js';
import { isWellFormed, type Reader } from './report.js';

export type ScalarName = IntegerName | 'double' | 'float' | 'bool' | 'string' | 'bytes';

/** The largest number that still rounds to a float32; as in the reference. */
export const MAX_FLOAT = 3.4028234663852886e38;

const NON_FINITE = ['NaN', 'Infinity', '-Infinity'];

export function isScalarName(name: string): name is ScalarName {
  return (
    Object.hasOwn(INTEGERS, name) || ['double', 'float', 'bool', 'string', 'bytes'].includes(name)
  );
}

export function scalarReader(name: ScalarName): Reader {
  switch (name) {
    case 'double':
      return floatReader('double', Number.MAX_VALUE);
    case 'float':
      return floatReader('float', MAX_FLOAT);
    case 'bool':
      return readBool;
    case 'string':
      return readString;
    case 'bytes':
      return bytesReader;
    default:
      return integerReader(name);
  }
}

const readBool: Reader = (value, report, at) =>
  typeof value === 'boolean' ? value : report.fail(at, 'a boolean', value);

const readString: Reader = (value, report, at) => {
  if (report.answer && typeof value === 'bigint') return String(value);
  if (typeof value !== 'string') return report.fail(at, 'a string', value);
  if (report.wellFormed || isWellFormed(value)) return value;
  return report.fail(at, 'a string without unpaired surrogates', value);
};

/** NaN and the infinities are strings in ProtoJSON, and so in the canonical form. */
function floatReader(name: string, max: number): Reader {
  const expected = `a ${name}`;
  return (value, report, at) => {
    let number: number;
    if (typeof value === 'number') {
      number = value;
      if (report.answer && !Number.isFinite(number)) return String(number);
    } else if (typeof value === 'string') {
      if (NON_FINITE.includes(value)) return value;
      number = numberOf(value);
    } else if (report.answer && typeof value === 'bigint') {
      number = Number(value);
    } else {
      number = NaN;
    }
    // Not `> max`, so that NaN fails as well.
    return Math.abs(number) <= max ? number : report.fail(at, expected, value);
  };
}

/**
 * Whether a list holds finite numbers only. A number minus itself is 0, or NaN where it is not
 * finite, so four of them are checked with one comparison: tensors are what models are sent.
 */
export function areFinite(list: readonly unknown[]): boolean {
  const { length } = list;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    const a = list[i];
    const b = list[i + 1];
    const c = list[i + 2];
    const d = list[i + 3];
    if (
      typeof a !== 'number' ||
      typeof b !== 'number' ||
      typeof c !== 'number' ||
      typeof d !== 'number' ||
      a - a + (b - b) + (c - c + (d - d)) !== 0
    ) {
      return false;
    }
  }
  for (; i < length; i++) {
    const a = list[i];
    if (typeof a !== 'number' || a - a !== 0) return false;
  }
  return true;
}
