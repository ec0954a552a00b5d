import { HARMLESS_KEY, reachesPrototype } from '../json/index.js';
import { INTEGERS, canonicalIntegerKey } from './integer.js';
import { entriesOf, isRecord } from './record.js';
import { isWellFormed, setOwn, type Reader, type Report } from './report.js';
import type { ScalarName } from './scalar.js';

export function repeatedReader(readElement: Reader): Reader {
  return (value, report, at, depth) => {
    const elements = elementsOf(value, report);
    if (elements === undefined) return report.fail(at, 'an array', value);
    const out: unknown[] = [];
    for (let i = 0; i < elements.length; i++) {
      report.path[at] = i;
      out.push(readElement(elements[i], report, at + 1, depth));
    }
    return out;
  };
}

/** Models return tensors as typed arrays; JSON has no such thing. */
function elementsOf(value: unknown, report: Report): ArrayLike<unknown> | undefined {
  if (Array.isArray(value)) return value;
  const isTyped = report.answer && ArrayBuffer.isView(value) && !(value instanceof DataView);
  return isTyped ? (value as unknown as ArrayLike<unknown>) : undefined;
}

export function mapReader(keyType: ScalarName, readMember: Reader): Reader {
  const { expected, canonical } = mapKey(keyType);
  return (value, report, at, depth) => {
    if (!isRecord(value, report)) return report.fail(at, 'an object (a map)', value);
    const out: Record<string, unknown> = {};
    for (const [key, member] of entriesOf(value, report)) {
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
