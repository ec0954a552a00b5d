import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { InvalidRequest } from '../../src/errors/index.js';
import { compileSchema } from '../../src/schema/index.js';
import { reference } from './reference.js';
import { codecOfFields, failureOf, rootOf, violationsOf } from './root-of.js';

describe('keys that objects inherit', () => {
  test('are unknown fields', () => {
    const codec = codecOfFields('string a = 1;');
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      const body: unknown = JSON.parse(`{"a":"x",${JSON.stringify(key)}:{"polluted":true}}`);
      expect(violationsOf(() => codec.read(body)).map(({ path }) => path)).toEqual([`$.${key}`]);
    }
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each(['map<string, int32> m = 1;', 'google.protobuf.Struct m = 1;'])(
    'are keys of %s where they cannot reach a prototype',
    (field) => {
      const codec = codecOfFields(`${field} int32 n = 2;`);
      // The second body takes the slow path.
      for (const more of ['', ',"n":null']) {
        const { m } = codec.read(JSON.parse(`{"m":{"prototype":1,"constructor":2}${more}}`)) as {
          m: object;
        };
        expect(Object.entries(m)).toEqual([
          ['prototype', 1],
          ['constructor', 2],
        ]);
        const reaching: unknown = JSON.parse(`{"m":{"a":1,"__proto__":1}${more}}`);
        expect(violationsOf(() => codec.read(reaching)).map(({ path }) => path)).toEqual([
          '$.m.__proto__',
        ]);
      }
    },
  );

  test('are not mistaken for fields of these names', () => {
    const codec = codecOfFields('string constructor = 1; repeated string valueOf = 2;');
    const empty = {};
    expect(codec.read(empty)).toBe(empty);
    const full = { constructor: 'x', valueOf: ['y'] };
    expect(codec.read(full)).toBe(full);
  });
});

describe('depth', () => {
  const root = rootOf(`syntax = "proto3";
    message M {
      M child = 1; repeated M list = 2; map<string, M> map = 3; google.protobuf.Value value = 4;
      google.protobuf.Struct struct = 5; google.protobuf.Any any = 6; google.protobuf.Int32Value wrapped = 7;
    }`);
  const type = root.lookupType('M');
  const codec = compileSchema({ request: type }, 'Test').request!;

  const nests: Record<string, (inner: unknown) => unknown> = {
    child: (inner) => ({ child: inner }),
    list: (inner) => ({ list: [inner] }),
    map: (inner) => ({ map: { k: inner } }),
    any: (inner) => ({ any: { '@type': 'x/M', ...(inner as object) } }),
  };
  const json: Record<string, (inner: unknown) => unknown> = {
    object: (inner) => ({ k: inner }),
    array: (inner) => [inner],
  };
  const nest = (levels: number, wrap: (inner: unknown) => unknown, leaf: unknown) => {
    let value = leaf;
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  };
  const accepts = (body: unknown) => {
    try {
      codec.read(body);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidRequest);
      return false;
    }
  };

  test.each(Object.keys(nests))('of messages in %s ends where the reference ends it', (name) => {
    for (let levels = 45; levels <= 105; levels++) {
      for (const leaf of [{}, { wrapped: 1 }, { value: 1 }, { struct: {} }]) {
        const body = nest(levels, nests[name]!, leaf);
        expect([levels, accepts(body)]).toEqual([levels, 'bytes' in reference(type, body)]);
      }
    }
  });

  test.each(Object.keys(json))(
    'of JSON in Value, in %s, ends where the reference ends it',
    (name) => {
      for (let levels = 40; levels <= 105; levels++) {
        for (const leaf of [1, {}, []]) {
          const value = nest(levels, json[name]!, leaf);
          const inAny = { any: { '@type': 'x/google.protobuf.Value', value } };
          for (const body of [
            { value },
            { any: { '@type': 'x/M', value } },
            inAny,
            { struct: { value } },
          ]) {
            expect([levels, accepts(body)]).toEqual([levels, 'bytes' in reference(type, body)]);
          }
        }
      }
    },
  );

  test('counts a Value that is null like any other, where the reference does not', () => {
    const body = nest(100, nests['child']!, { value: null });
    expect('bytes' in reference(type, body)).toBe(true);
    expect(accepts(body)).toBe(false);
    expect(accepts(nest(99, nests['child']!, { value: null }))).toBe(true);
  });

  test('of a hundred thousand is a violation, not a RangeError', () => {
    for (const wrap of [
      ...Object.values(nests).slice(0, 3),
      (inner: unknown) => ({ value: inner }),
    ]) {
      expect(accepts(nest(100_000, wrap, {}))).toBe(false);
    }
    expect(accepts({ value: nest(100_000, json['array']!, 1) })).toBe(false);
    expect(accepts({ wrapped: nest(100_000, json['array']!, 1) })).toBe(false);
  });
});

describe('names in generated code', () => {
  const EVIL = [
    '"];globalThis.pwned=1;//', "'", '\\', '\n', '\u2028', '`${globalThis.pwned=1}`', '*/globalThis.pwned=1/*', '</script>', '__proto__',
  ]; // prettier-ignore

  test('are strings, never code', () => {
    for (const name of EVIL) {
      const root = protobuf.Root.fromJSON({
        nested: {
          M: {
            fields: {
              f: { type: 'E', id: 1, jsonName: name, protoName: 'f' },
              o: { type: 'int32', id: 2 },
              m: { keyType: 'string', type: 'E', id: 3 },
            },
            oneofs: { [name]: { oneof: ['o'] } },
          },
          E: { values: { ZERO: 0, [name]: 1 } },
        },
      } as protobuf.INamespace);
      const codec = compileSchema({ request: root.lookupType('M') }, 'Test').request!;
      const key = JSON.stringify(name);
      const value = name === '__proto__' ? '"ZERO"' : key;
      // As the key of a map this one is refused.
      const mapKey = name === '__proto__' ? '"proto"' : key;
      const body: unknown = JSON.parse(`{${key}:${value},"o":1,"m":{${mapKey}:${value}}}`);
      expect(codec.read(body)).toBe(body);
    }
    expect((globalThis as { pwned?: number }).pwned).toBeUndefined();
  });
});

describe('a refusal', () => {
  test('quotes what the client sent cut short', () => {
    const codec = codecOfFields('map<int32, int32> m = 1; int32 n = 2; repeated E e = 3;');
    const long = '\u0000'.repeat(1_000_000);
    const error = failureOf(() => codec.read({ m: { [long]: 1 }, n: long, [long]: 1, e: [long] }));
    for (const { path, message } of error.details ?? []) {
      expect(path.length).toBeLessThan(500);
      expect(message.length).toBeLessThan(600);
    }
    expect(error.message.length).toBeLessThan(1_200);
    expect(error.details).toHaveLength(4);
  });

  test('ends at the tenth violation', () => {
    const codec = codecOfFields('repeated int32 n = 1;');
    const violations = violationsOf(() =>
      codec.read({ n: Array.from({ length: 1_000_000 }, () => 'x') }),
    );
    expect(violations.map(({ path }) => path)).toEqual(
      Array.from({ length: 10 }, (_, i) => `$.n[${i}]`),
    );
  });

  test('names path, what was expected and what was got', () => {
    const codec = codecOfFields('repeated M a = 1; map<string, M> m = 2; int32 c = 3;');
    const error = failureOf(() => codec.read({ a: [{}, { m: { 'the key': { c: 'x' } } }] }));
    expect(error.details).toEqual([
      {
        path: '$.a[1].m["the key"].c',
        message: 'expected int32 (an integer from -2147483648 to 2147483647), got "x"',
      },
    ]);
    expect(error.message).toBe(
      'Invalid request at $.a[1].m["the key"].c: expected int32 (an integer from -2147483648 to 2147483647), got "x"',
    );
  });
});

test('type urls leave nothing behind in the schema', () => {
  const root = rootOf('syntax = "proto3"; message M { google.protobuf.Any any = 1; }');
  const codec = compileSchema({ request: root.lookupType('M') }, 'Test').request!;
  for (let i = 0; i < 50; i++) {
    violationsOf(() => codec.read({ any: { '@type': `x/Unknown${i}` } }));
  }
  const { _lookupCache } = root as unknown as { _lookupCache: object };
  expect(Object.keys(_lookupCache).filter((name) => name.startsWith('Unknown'))).toEqual([]);
});
