import { types } from 'node:util';
import { HARMLESS_KEY, jsonList, reachesPrototype } from '../json/index.js';
import { INTEGERS, canonicalIntegerKey } from './integer.js';
import { isList, isRecord } from './record.js';
import { isWellFormed, setOwn, type Reader } from './report.js';
import type { ScalarName } from './scalar.js';

/** Reads a list, element by element. */
export function repeatedReader(readElement: Reader): Reader {
  return (value, report, at, depth) => {
    if (!isList(value, report)) return report.fail(at, 'an array', value);
    const out: unknown[] = [];
    for (let i = 0; i < value.length; i++) {
      report.path[at] = i;
      out.push(readElement(value[i], report, at + 1, depth));
    }
    return out;
  };
}

/**
 * A handler's tensor, as models return it: its numbers are the canonical ones where all are finite and
 * none is beyond `max`, and need not be read one by one.
 */
export function tensorReader(readList: Reader, max: number): Reader {
  return (value, report, at, depth) => {
    const isTensor = types.isFloat32Array(value) || types.isFloat64Array(value);
    const numbers = report.answer && isTensor ? numbersOf(value, max) : undefined;
    return numbers ?? readList(value, report, at, depth);
  };
}

function numbersOf(tensor: Float32Array | Float64Array, max: number): number[] | undefined {
  // oxlint-disable-next-line unicorn/no-new-array
  const out = new Array<number>(tensor.length);
  for (let i = 0; i < tensor.length; i++) {
    const number = tensor[i] as number;
    // Not `> max`, so that NaN fails as well.
    if (!(Math.abs(number) <= max)) return undefined;
    out[i] = number;
  }
  return out;
}

/** A handler's list of bools may be bytes as well: a tensor's are 0 and 1. */
export function boolsOf(value: unknown): unknown {
  if (!types.isUint8Array(value)) return jsonList(value);
  return Array.from(value, (byte) => (byte <= 1 ? byte === 1 : byte));
}

/** Reads a map: each key in its one spelling, and what it leads to. */
export function mapReader(keyType: ScalarName, readMember: Reader): Reader {
  const { expected, canonical } = mapKey(keyType);
  return (value, report, at, depth) => {
    if (!isRecord(value, report)) return report.fail(at, 'an object (a map)', value);
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value)) {
      const member = (value as Record<string, unknown>)[key];
      if (member === undefined) continue;
      report.path[at] = key;
      report.members++;
      const spelling = canonical(key, report.wellFormed);
      if (!report.answer && reachesPrototype(key, member)) {
        report.fail(at + 1, HARMLESS_KEY, key);
      } else if (spelling === undefined) {
        report.fail(at + 1, `${expected} as key`, key);
      } else if (Object.hasOwn(out, spelling)) {
        report.fail(at + 1, 'each key once', key);
      } else {
        setOwn(out, spelling, readMember(member, report, at + 1, depth));
      }
    }
    return out;
  };
}

interface MapKey {
  readonly expected: string;
  canonical(key: string, wellFormed: boolean): string | undefined;
}

function mapKey(type: ScalarName): MapKey {
  if (type in INTEGERS) {
    const integer = INTEGERS[type as keyof typeof INTEGERS];
    return {
      expected: `the decimal digits of a ${type}`,
      canonical: (key) => canonicalIntegerKey(key, integer),
    };
  }
  if (type === 'bool') {
    return {
      expected: '"true" or "false"',
      canonical: (key) => (key === 'true' || key === 'false' ? key : undefined),
    };
  }
  return {
    expected: 'a string without unpaired surrogates',
    canonical: (key, wellFormed) => (wellFormed || isWellFormed(key) ? key : undefined),
  };
}
