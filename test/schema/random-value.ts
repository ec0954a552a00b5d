import type { Enum, Field, Type } from 'protobufjs';
import { extensionName } from '../../src/schema/reflection.js';
import { setOwn } from '../../src/schema/report.js';
import type { Random } from './random.js';

/** What a hostile or careless client may send anywhere. */
const HOSTILE: readonly unknown[] = [
  null, true, false, 0, -0, 1, -1, 1.5, -1.5, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64,
  1e300, 1e21, -1e21, 5e-324, Infinity, -Infinity, 3.5e38, 3.4028235e38, '', ' ', ' 1', '1 ', '0', '-0', '+0', '+1', '01',
  '-01', '1.0', '1.', '.5', '1e2', '1E+2', '1e400', '1e-400', '0x10', '9223372036854775807', '9223372036854775808',
  '-9223372036854775808', '-9223372036854775809', '18446744073709551615', '18446744073709551616',
  '2147483647', '2147483648', '4294967295', '4294967296', '000000000000000000000000000001', '1e19', '--1',
  'NaN', 'Infinity', '-Infinity', 'nan', 'inf', 'true', 'False', 'E0_ONE', 'E0_NOPE', 'NULL_VALUE', 'constructor',
  '__proto__', 'toString', 'YQ==', 'YQ', 'YQ=', 'YR==', '_-8=', '-_8', 'Y', 'YQ===', '====', 'Y Q=', 'YWI', 'YWJj', 'ä',
  '\ud800', '\udc00', 'a\ud83d\ude00b', '\ude00\ud83d', '2024-02-29T12:00:00Z', '2023-02-29T12:00:00Z',
  '2024-01-01T00:00:00.5+01:00', '2024-01-01T00:00:00.123456Z', '0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z',
  '0001-01-01T00:00:00+00:01', '9999-12-31T23:59:59.999999999Z', '9999-12-31T23:59:59-00:01', '2024-01-01t00:00:00z',
  '2024-01-01T00:00:60Z', '2024-01-01T24:00:00Z', '2024-04-31T00:00:00Z', '1969-12-31T23:59:59.5Z',
  '1s', '-1.5s', '0s', '-0s', '1.s', '.5s', '1.000s', '1.0000000001s', '315576000000s', '315576000001s', '-0.1s', '01s',
  'a,b', 'fooBar', 'foo_bar', 'a,,b', [], {}, [null], [[]], { a: 1 }, { value: 1 }, { '@type': 1 }, { '@type': '' },
  { '@type': 'type.googleapis.com/fuzz.v1.M1' }, { '@type': 'fuzz.v1.M1' }, { '@type': 'x/google.protobuf.Duration', value: '1.50s' },
  { '@type': 'x/google.protobuf.Value' }, { '@type': '.fuzz.v1.M1', nope: 1 }, { '@type': 'fuzz' }, { '@type': '..' },
  JSON.parse('{"__proto__": {"a": 1}}'), JSON.parse('{"constructor": {"prototype": {}}}'),
]; // prettier-ignore

const KEYS = [
  'a',
  '',
  '1',
  '01',
  '-1',
  '-0',
  '0',
  '2147483648',
  'true',
  'false',
  '9223372036854775808',
  '+1',
  '\ud800',
  'é日',
  '__proto__',
  'constructor',
  ' 1',
];

/** Values for one schema: mostly valid, in all their spellings, and broken with a given chance. */
export class RandomValue {
  constructor(
    readonly random: Random,
    /** How often a value is replaced by a hostile one. */
    readonly breakage: number,
    /** How often a spelling other than the canonical one is used. */
    readonly freedom: number,
  ) {}

  message(type: Type, depth = 0): unknown {
    if (this.random.chance(this.breakage)) return this.hostile();
    const known = this.#wellKnown(type, depth);
    if (known !== undefined) return known;
    const out: Record<string, unknown> = {};
    const oneofs = new Set<unknown>();
    for (const field of type.fieldsArray) {
      if (this.random.chance(depth > 3 ? 0.8 : 0.35)) continue;
      if (field.partOf && oneofs.has(field.partOf) && !this.random.chance(this.breakage)) continue;
      oneofs.add(field.partOf);
      const spellings = extensionName(field)
        ? [extensionName(field) as string]
        : [field.jsonName ?? field.name, field.protoName ?? field.name];
      const key = this.random.chance(this.freedom)
        ? this.random.pick(spellings)
        : (spellings[0] as string);
      setOwn(out, key, this.#field(field, depth));
      if (this.random.chance(this.breakage))
        setOwn(out, this.random.pick(spellings), this.#field(field, depth));
    }
    if (this.random.chance(this.breakage)) setOwn(out, this.random.pick(KEYS), this.hostile());
    return out;
  }

  hostile(): unknown {
    return structuredClone(this.random.pick(HOSTILE));
  }

  #field(field: Field, depth: number): unknown {
    if (this.random.chance(this.freedom * 0.2)) return isMapOfValues(field) ? {} : null;
    if (this.random.chance(this.breakage)) {
      const value = this.hostile();
      return value === null && isMapOfValues(field) ? {} : value;
    }
    if (field.map) {
      const out: Record<string, unknown> = {};
      for (let i = this.random.below(4); i > 0; i--) {
        setOwn(
          out,
          this.#key((field as Field & { keyType: string }).keyType),
          this.#single(field, depth),
        );
      }
      return out;
    }
    if (!field.repeated) return this.#single(field, depth);
    return Array.from({ length: this.random.below(4) }, () => this.#single(field, depth));
  }

  #key(type: string): string {
    if (this.random.chance(this.breakage)) return this.random.pick(KEYS);
    if (type === 'bool') return this.random.pick(['true', 'false']);
    if (type === 'string')
      return this.random.pick(['a', 'b', '', '__proto__', 'é日', 'constructor']);
    const digits = this.random.pick(['0', '1', '12', '123456789', '2147483647', '4000000000']);
    if (this.random.chance(this.freedom * 0.2)) return `0${digits}`;
    return type.startsWith('u') || type.startsWith('fixed')
      ? digits
      : this.random.pick([digits, `-${digits}`]);
  }

  #single(field: Field, depth: number): unknown {
    if (this.random.chance(this.breakage)) return this.hostile();
    const type = field.resolve().resolvedType;
    if (type && 'valuesById' in type) return this.#enum(type as Enum);
    if (type) return this.message(type as Type, depth + 1);
    return this.#scalar(field.type);
  }

  #enum(type: Enum): unknown {
    if (type.name === 'NullValue')
      return this.random.chance(this.freedom) ? this.random.pick(['NULL_VALUE', 0, 3]) : null;
    const name = this.random.pick(Object.keys(type.values));
    return this.random.chance(this.freedom)
      ? this.random.pick([type.values[name], 99, name])
      : type.valuesById[type.values[name] ?? 0];
  }

  #scalar(type: string): unknown {
    const { random } = this;
    const free = random.chance(this.freedom);
    switch (type) {
      case 'bool':
        return random.chance(0.5);
      case 'string':
        return random.pick(['', 'text', 'Привет', 'a\ud83d\ude00b', '__proto__', '"quoted\\"']);
      case 'bytes':
        return random.pick(
          free
            ? ['YQ', '_-8', 'YR==', 'YWI=', '-_-_']
            : ['', 'YQ==', 'YWI=', 'YWJj', 'QUJD'.repeat(40)],
        );
      case 'double':
      case 'float':
        return random.pick(
          free
            ? ['1.5', 'NaN', '-Infinity', '1e3', '-0', -0]
            : [0, 1, -1.5, 1e-3, 123456789.125, 'NaN', 'Infinity'],
        );
      default: {
        const unsigned = /^u|^fixed/.test(type);
        const number =
          random.pick([0, 1, 7, 123456789, 2147483647]) * (unsigned || random.chance(0.5) ? 1 : -1);
        if (type.includes('64')) {
          return free
            ? random.pick([number, `${number}.0`, '1e3'])
            : random.pick([String(number + 0), '123456789012345678']);
        }
        return free ? random.pick([String(number), `${number}.0`, number, '1e3']) : number + 0;
      }
    }
  }

  #wellKnown(type: Type, depth: number): unknown {
    const { random } = this;
    const free = random.chance(this.freedom);
    const value = type.fields['value'];
    switch (type.fullName) {
      case '.google.protobuf.Timestamp':
        return random.pick(
          free
            ? ['2024-01-01T00:00:00.5+01:00', '2024-02-29T00:00:00.000Z']
            : ['2024-01-01T00:00:00Z', '1969-12-31T23:59:59.500Z'],
        );
      case '.google.protobuf.Duration':
        return random.pick(
          free ? ['1.5s', '-0s', '001s', '1.100000s'] : ['1s', '-1.500s', '0s', '0.000001s'],
        );
      case '.google.protobuf.FieldMask':
        return random.pick(['', 'a', 'a.b,fooBar']);
      case '.google.protobuf.Struct':
        return { a: this.#json(depth), ['__proto__x']: this.#json(depth) };
      case '.google.protobuf.Value':
        return this.#json(depth);
      case '.google.protobuf.ListValue':
        return [this.#json(depth), this.#json(depth)];
      case '.google.protobuf.Any':
        return this.#any(type, depth);
      default:
        if (/\.google\.protobuf\.\w+Value$/.test(type.fullName) && value)
          return this.#single(value, depth);
        return undefined;
    }
  }

  #any(type: Type, depth: number): unknown {
    const name = this.random.pick([
      'fuzz.v1.M0',
      'fuzz.v1.M1',
      'fuzz.v1.M2',
      'google.protobuf.Timestamp',
      'google.protobuf.Struct',
      'google.protobuf.Int64Value',
      'google.protobuf.Empty',
      'google.protobuf.Any',
    ]);
    const inner = this.message(type.root.lookupType(name), depth + 1);
    const url = this.random.pick(['type.googleapis.com/', '', '.', 'x/y/']) + name;
    const bare = name.startsWith('google.') && !name.endsWith('Empty');
    return bare ? { '@type': url, value: inner } : { '@type': url, ...(inner as object) };
  }

  #json(depth: number): unknown {
    if (this.random.chance(this.breakage)) return this.hostile();
    const kind = this.random.below(depth > 3 ? 4 : 6);
    if (kind === 4) return [this.#json(depth + 1), null];
    if (kind === 5) return { k: this.#json(depth + 1), n: null };
    return [null, 1.5, 'text', true][kind];
  }
}

/** The reference takes null for such a map as a map that holds the key "nullValue". */
function isMapOfValues(field: Field): boolean {
  return field.map && field.resolve().resolvedType?.fullName === '.google.protobuf.Value';
}
