import { describe, expect, test } from 'vitest';
import { compileSchema, protobufSchema, type MessageCodec } from '../../src/schema/index.js';
import { Random } from './random.js';
import { codecOf, codecOfFields, violationsOf } from './root-of.js';
import { writeSchema } from './schema-file.js';
import { double, fixed32, fixed64, float, group, len, number, tag, varint } from './wire.js';
import { leastCpu } from '../least-cpu.js';

const MIN_64 = -(2n ** 63n);
const MAX_64 = 2n ** 63n - 1n;

function read(codec: MessageCodec, ...parts: readonly number[][]): unknown {
  return codec.readBinary(Uint8Array.from(parts.flat()));
}

/** Each row: a field's declaration, what is on the wire, what the handler sees, what is written. */
const SCALARS: [string, number[], unknown, number[]?][] = [
  ['int32 f = 1;', number(1, 12345), 12345],
  ['int32 f = 1;', [...tag(1, 0), ...varint(12345, 7)], 12345, number(1, 12345)],
  ['int32 f = 1;', number(1, -(2 ** 31)), -(2 ** 31)],
  ['int32 f = 1;', number(1, (1n << 33n) - 1n), -1, number(1, -1)],
  ['int32 f = 1;', number(1, MIN_64 + 1n), 1, number(1, 1)],
  ['int32 f = 1;', number(1, 0), 0, []],
  ['optional int32 f = 1;', number(1, 0), 0],
  ['uint32 f = 1;', number(1, 2 ** 32 - 1), 2 ** 32 - 1],
  ['uint32 f = 1;', number(1, (1n << 33n) + 1n), 1, number(1, 1)],
  ['sint32 f = 1;', number(1, 2 ** 32 - 1), -(2 ** 31)],
  ['sint32 f = 1;', number(1, 2 ** 32 - 2), 2 ** 31 - 1],
  ['fixed32 f = 1;', fixed32(1, -1), 2 ** 32 - 1],
  ['sfixed32 f = 1;', fixed32(1, -(2 ** 31)), -(2 ** 31)],
  ['int64 f = 1;', number(1, MIN_64), String(MIN_64)],
  ['int64 f = 1;', number(1, MAX_64), String(MAX_64)],
  ['int64 f = 1;', number(1, -1), '-1'],
  ['int64 f = 1;', number(1, -(2n ** 53n) - 1n), String(-(2n ** 53n) - 1n)],
  ['int64 f = 1;', number(1, 2 ** 40 + 1), String(2 ** 40 + 1)],
  ['int64 f = 1;', number(1, -(2 ** 40) - 1), String(-(2 ** 40) - 1)],
  ['uint64 f = 1;', number(1, 2n ** 64n - 1n), String(2n ** 64n - 1n)],
  ['sint64 f = 1;', number(1, 2n ** 64n - 1n), String(MIN_64)],
  ['sint64 f = 1;', number(1, 2n ** 64n - 2n), String(MAX_64)],
  ['fixed64 f = 1;', fixed64(1, -1n), String(2n ** 64n - 1n)],
  ['sfixed64 f = 1;', fixed64(1, MIN_64), String(MIN_64)],
  ['bool f = 1;', number(1, MIN_64), true, number(1, 1)],
  ['bool f = 1;', number(1, 1n << 33n), true, number(1, 1)],
  ['float f = 1;', float(1, 0.1), Math.fround(0.1)],
  ['float f = 1;', float(1, NaN), 'NaN'],
  ['float f = 1;', float(1, -0), -0],
  ['double f = 1;', double(1, -Infinity), '-Infinity'],
  ['double f = 1;', double(1, 5e-324), 5e-324],
  ['string f = 1;', len(1, 'a\ud83d\ude00\ufeff\ufffd'), 'a\ud83d\ude00\ufeff\ufffd'],
  ['string f = 1;', len(1, 'long, and longer than what is written letter by letter'.repeat(9)), 'long, and longer than what is written letter by letter'.repeat(9)], // prettier-ignore
  ['bytes f = 1;', len(1, [0xff, 0xef]), Buffer.from([0xff, 0xef])],
  ['E f = 1;', number(1, 1), 'B'],
  ['E f = 1;', number(1, 99), 99],
  ['E f = 1;', number(1, -1), -1],
  ['google.protobuf.NullValue f = 1;', number(1, 0), null, []],
  ['repeated E f = 1;', len(1, [0, 1, 99]), ['A', 'B', 99]],
  ['repeated float f = 1;', [...float(1, 1), ...len(1, float(1, NaN).slice(1)), ...float(1, 2)], [1, 'NaN', 2], len(1, [...float(1, 1).slice(1), ...float(1, NaN).slice(1), ...float(1, 2).slice(1)])], // prettier-ignore
  ['repeated int32 f = 1;', [...number(1, 1), ...len(1, [2, 3]), ...len(1, [])], [1, 2, 3], len(1, [1, 2, 3])], // prettier-ignore
  ['repeated int32 f = 1 [packed = false];', len(1, [2, 3]), [2, 3], [...number(1, 2), ...number(1, 3)]], // prettier-ignore
  ['repeated string f = 1;', [...len(1, 'a'), ...len(1, '')], ['a', '']],
  ['M f = 1;', len(1, []), {}],
  ['M f = 1;', [...len(1, len(1, [])), ...len(1, len(1, []))], { f: {} }, len(1, len(1, []))],
  ['repeated M f = 1;', [...len(1, []), ...len(1, len(1, []))], [{}, { f: [{}] }]],
];

describe.each(SCALARS)('%s %j', (field, sent, seen, written = sent) => {
  const codec = codecOfFields(field);

  test('is what it is in JSON, and is written so', () => {
    expect(read(codec, sent)).toStrictEqual({ f: seen });
    expect(codec.read({ f: seen })).toStrictEqual({ f: seen });
    expect([...codec.writeBinary({ f: seen })]).toEqual(written);
  });
});

const WELL_KNOWN: [string, number[], unknown, number[]?][] = [
  ['Timestamp', [...number(1, 1), ...number(2, 5e8)], '1970-01-01T00:00:01.500Z'],
  ['Timestamp', [], '1970-01-01T00:00:00Z'],
  ['Timestamp', [...number(1, -1), ...number(2, 1)], '1969-12-31T23:59:59.000000001Z'],
  ['Timestamp', number(1, -62_135_596_800), '0001-01-01T00:00:00Z'],
  ['Timestamp', [...number(1, 253_402_300_799), ...number(2, 999_999_999)], '9999-12-31T23:59:59.999999999Z'], // prettier-ignore
  ['Duration', [...number(1, -1), ...number(2, -5e8)], '-1.500s'],
  ['Duration', number(2, -1), '-0.000000001s'],
  ['Duration', [], '0s'],
  ['FieldMask', [...len(1, 'a.b_c'), ...len(1, 'd')], 'a.bC,d'],
  ['FieldMask', [], ''],
  ['Int64Value', number(1, -1), '-1'],
  ['Int64Value', [], '0'],
  ['BytesValue', [], Buffer.alloc(0)],
  ['StringValue', len(1, 'a'), 'a'],
  ['Struct', len(1, [...len(1, 'a'), ...len(2, double(2, 1.5))]), { a: 1.5 }],
  ['Struct', [], {}],
  ['Value', number(1, 0), null],
  ['Value', [...double(2, 1), ...len(3, 'a')], 'a', len(3, 'a')],
  ['Value', number(4, 1), true],
  ['Value', len(6, [...len(1, number(1, 0)), ...len(1, len(5, []))]), [null, {}]],
  ['ListValue', len(1, len(3, '')), ['']],
  ['Empty', [], {}],
  ['Any', [], {}],
  ['Any', [...len(1, 'x/M'), ...len(2, len(1, []))], { '@type': 'x/M', f: {} }],
  ['Any', len(1, 'x/google.protobuf.Empty'), { '@type': 'x/google.protobuf.Empty' }],
  ['Any', [...len(1, 'x/google.protobuf.Duration'), ...len(2, number(1, 2))], { '@type': 'x/google.protobuf.Duration', value: '2s' }], // prettier-ignore
];

test.each(WELL_KNOWN)('google.protobuf.%s %j is %j', (type, sent, seen, written = sent) => {
  const codec = codecOfFields(`google.protobuf.${type} f = 1;`);
  expect(read(codec, len(1, sent))).toStrictEqual({ f: seen });
  expect(codec.read({ f: seen })).toStrictEqual({ f: seen });
  expect([...codec.writeBinary({ f: seen })]).toEqual(len(1, written));
});

test('timestamps of all years are those of a Date', () => {
  const codec = codecOfFields('google.protobuf.Timestamp f = 1;');
  const random = new Random(7);
  const first = -62_135_596_800;
  const days = Array.from({ length: 3_000 }, () => Math.floor(random.next() * 3_652_059));
  // The ends of February, of years and of centuries.
  for (let year = 1; year < 10_000; year += 9) {
    for (const text of ['02-28', '03-01', '12-31', '01-01']) {
      const date = `${String(year).padStart(4, '0')}-${text}T00:00:00Z`;
      days.push((Date.parse(date) / 1000 - first) / 86_400);
    }
  }
  for (const day of days) {
    const seconds = first + day * 86_400 + random.below(86_400);
    const seen = { f: `${new Date(seconds * 1000).toISOString().slice(0, 19)}Z` };
    const bytes = len(1, seconds === 0 ? [] : number(1, seconds));
    expect(read(codec, bytes)).toEqual(seen);
    expect([...codec.writeBinary(seen)]).toEqual(bytes);
  }
});

describe('a message that comes twice is merged', () => {
  test.each<[string, number[], number[], unknown]>([
    ['Timestamp', number(1, 1), number(2, 1000), '1970-01-01T00:00:01.000001Z'],
    ['Duration', number(1, 1), number(2, 1000), '1.000001s'],
    ['FieldMask', len(1, 'a'), len(1, 'b'), 'a,b'],
    ['Int32Value', number(1, 1), [], 1],
    ['Int32Value', number(1, 1), number(1, 2), 2],
    ['ListValue', len(1, number(1, 0)), len(1, number(4, 1)), [null, true]],
    ['Struct', len(1, [...len(1, 'a'), ...len(2, number(1, 0))]), len(1, [...len(1, 'b'), ...len(2, number(1, 0))]), { a: null, b: null }], // prettier-ignore
    ['Value', len(6, len(1, number(1, 0))), len(6, len(1, number(1, 0))), [null, null]],
    ['Value', len(6, len(1, number(1, 0))), len(5, []), {}],
    ['Any', len(1, 'x/google.protobuf.Duration'), len(2, number(1, 1)), { '@type': 'x/google.protobuf.Duration', value: '1s' }], // prettier-ignore
    ['Any', [...len(1, 'x/nowhere'), ...len(2, [0])], [...len(1, 'x/M'), ...len(2, [])], { '@type': 'x/M' }], // prettier-ignore
  ])('google.protobuf.%s', (type, first, second, seen) => {
    const codec = codecOfFields(`google.protobuf.${type} f = 1;`);
    expect(read(codec, len(1, first), len(1, second))).toStrictEqual({ f: seen });
  });

  test('with what its fields hold', () => {
    const codec = codecOfFields(
      'M m = 1; repeated int32 n = 2; string s = 3; google.protobuf.Any a = 4; map<string, int32> map = 5;',
    );
    const entry = (key: string, value: number) => len(5, [...len(1, key), ...number(2, value)]);
    const first = [...number(2, 1), ...len(3, 'a'), ...len(4, len(1, 'x/M')), ...entry('a', 1)];
    const second = [...number(2, 2), ...len(3, 'b'), ...len(4, len(2, len(3, 'c'))), ...entry('a', 2), ...entry('b', 3)]; // prettier-ignore
    expect(read(codec, len(1, first), len(1, second))).toStrictEqual({
      m: { n: [1, 2], s: 'b', a: { '@type': 'x/M', s: 'c' }, map: { a: 2, b: 3 } },
    });
  });
});

describe('a oneof', () => {
  const codec = codecOfFields('oneof o { int32 a = 1; M m = 2; google.protobuf.Any any = 3; } int32 n = 4;'); // prettier-ignore

  test('is its last field', () => {
    expect(read(codec, number(1, 0), len(2, []), number(1, 5))).toStrictEqual({ a: 5 });
    expect(read(codec, number(1, 5), len(2, number(4, 1)))).toStrictEqual({ m: { n: 1 } });
    expect(read(codec, len(3, len(1, 'x/M')), number(1, 0))).toStrictEqual({ a: 0 });
  });

  test('merges the same message, and not one that another field has replaced', () => {
    expect(read(codec, len(2, number(1, 1)), len(2, number(4, 2)))).toStrictEqual({
      m: { a: 1, n: 2 },
    });
    expect(read(codec, len(2, number(1, 1)), number(1, 0), len(2, number(4, 2)))).toStrictEqual({
      m: { n: 2 },
    });
  });

  test('is written where it is a default value', () => {
    expect([...codec.writeBinary({ a: 0 })]).toEqual(number(1, 0));
  });
});

describe('a map', () => {
  const entry = (...parts: number[][]) => len(1, parts.flat());

  test.each<[string, number[][], unknown]>([
    ['map<int32, int32> f = 1;', [entry(number(1, -1), number(2, 1))], { '-1': 1 }],
    ['map<int32, int32> f = 1;', [entry()], { '0': 0 }],
    ['map<int32, int32> f = 1;', [entry(number(2, 7), number(1, 1))], { '1': 7 }],
    ['map<int32, int32> f = 1;', [entry(number(1, 1), number(1, 2))], { '2': 0 }],
    ['map<int32, int32> f = 1;', [entry(number(1, 1)), entry(number(1, 1), number(2, 2))], { '1': 2 }], // prettier-ignore
    ['map<int32, int32> f = 1;', [entry(len(3, 'unknown'), len(2, 'also'))], { '0': 0 }],
    ['map<uint64, string> f = 1;', [entry(number(1, -1))], { '18446744073709551615': '' }],
    ['map<bool, bytes> f = 1;', [entry(number(1, 1))], { true: Buffer.alloc(0) }],
    ['map<sint64, E> f = 1;', [entry(number(1, 1))], { '-1': 'A' }],
    ['map<string, M> f = 1;', [entry(len(1, 'a'))], { a: {} }],
    ['map<string, M> f = 1;', [entry(len(2, entry(len(1, 'b'))), len(2, entry(len(1, 'c'))))], { '': { f: { b: {}, c: {} } } }], // prettier-ignore
    ['map<string, google.protobuf.Timestamp> f = 1;', [entry()], { '': '1970-01-01T00:00:00Z' }],
    ['map<string, google.protobuf.Int64Value> f = 1;', [entry()], { '': '0' }],
    ['map<string, google.protobuf.Any> f = 1;', [entry(len(2, len(1, 'x/M')))], { '': { '@type': 'x/M' } }], // prettier-ignore
    ['map<string, google.protobuf.NullValue> f = 1;', [entry()], { '': null }],
  ])('%s %j is %j', (field, entries, seen) => {
    const codec = codecOfFields(field);
    expect(read(codec, ...entries)).toStrictEqual({ f: seen });
    expect(codec.readBinary(codec.writeBinary({ f: seen }))).toStrictEqual({ f: seen });
  });

  test('is written in the order of its keys', () => {
    const codec = codecOfFields('map<string, int32> f = 1; google.protobuf.Struct s = 2;');
    const one = codec.writeBinary({ f: { b: 1, a: 2 }, s: { d: 1, c: 2 } });
    expect(codec.writeBinary({ s: { c: 2, d: 1 }, f: { a: 2, b: 1 } })).toEqual(one);
  });

  test.each(['map<string, int32> f = 1;', 'google.protobuf.Struct f = 1;'])(
    'has no key that reaches a prototype, as in JSON: %s',
    (field) => {
      const codec = codecOfFields(field);
      const value = field.startsWith('map') ? number(2, 1) : len(2, double(2, 1));
      const members = (name: string) => {
        const inside = [...len(1, name), ...value];
        return field.startsWith('map') ? entry(inside) : len(1, len(1, inside));
      };
      expect(read(codec, members('constructor'))).toEqual({ f: { constructor: 1 } });
      const refused = violationsOf(() => read(codec, members('__proto__')));
      expect(refused).toEqual(violationsOf(() => codec.read(JSON.parse('{"f":{"__proto__":1}}'))));
    },
  );
});

describe('proto2 and editions', () => {
  const text = (syntax: string, fields: string) => `${syntax}
    enum Closed { B = 3; A = 0; }
    message M { ${fields} }`;
  const proto2 = codecOf(
    `${text(
      'syntax = "proto2";',
      `required string must = 1; optional Closed closed = 2; repeated Closed list = 3;
      map<string, Closed> by_text = 4; optional group Pair = 5 { optional int32 left = 1; }
      repeated group Item = 6 { optional int32 n = 1; } optional M m = 7; repeated int32 ns = 8;
      extensions 100 to 200;`,
    )}
    extend M { optional int32 ext_num = 100; }`,
  );

  test('a number that a closed enum does not have is no value', () => {
    const unknown = [number(2, 9), number(3, 9), len(3, [9]), len(4, [...len(1, 'a'), ...number(2, 9)])]; // prettier-ignore
    expect(read(proto2, ...unknown)).toStrictEqual({});
    expect(read(proto2, number(2, 3), number(2, 9), len(3, [0, 9, 3]))).toStrictEqual({
      closed: 'B',
      list: ['A', 'B'],
    });
    expect(read(proto2, len(4, len(1, 'a')))).toStrictEqual({ byText: { a: 'B' } });
  });

  test('groups are messages', () => {
    const sent = [...group(5, number(1, 1)), ...group(6, []), ...group(6, number(1, 2))];
    const seen = { pair: { left: 1 }, item: [{}, { n: 2 }] };
    expect(read(proto2, sent)).toStrictEqual(seen);
    expect([...proto2.writeBinary(seen)]).toEqual(sent);
    expect(read(proto2, group(5, number(1, 1)), group(5, []))).toStrictEqual({ pair: { left: 1 } });
    // Of another form than the schema says, they are unknown.
    expect(read(proto2, len(5, number(1, 1)), group(7, number(1, 1)))).toStrictEqual({});
  });

  test('extensions are known, defaults written, required fields may be absent, as in JSON', () => {
    expect(read(proto2, number(100, 7), number(101, 7))).toStrictEqual({ '[ext_num]': 7 });
    expect([...proto2.writeBinary({ '[ext_num]': 0, closed: 'A' })]).toEqual([
      ...number(2, 0),
      ...number(100, 0),
    ]);
    expect([...proto2.writeBinary({ ns: [1, 2] })]).toEqual([...number(8, 1), ...number(8, 2)]);
    expect(read(proto2)).toStrictEqual({});
  });

  test('a message may be delimited by the features of an edition', () => {
    const path = writeSchema(`edition = "2023";
      message Request { Request inner = 1 [features.message_encoding = DELIMITED]; int32 n = 2 [features.field_presence = IMPLICIT]; }
      message Response {}`);
    const codec = compileSchema(path, 'Test').request!;
    const sent = group(1, group(1, number(2, 1)));
    expect(read(codec, sent)).toStrictEqual({ inner: { inner: { n: 1 } } });
    expect([...codec.writeBinary({ inner: { inner: { n: 1 } }, n: 0 })]).toEqual(sent);
  });

  test('a file says what it says as text', () => {
    const path = writeSchema(`syntax = "proto3";
      message Request { int32 a = 1; optional int32 b = 2; repeated int32 c = 3; repeated int32 d = 4 [packed = false]; oneof o { int32 e = 5; } }
      message Response {}`);
    const codec = compileSchema(path, 'Test').request!;
    const bytes = codec.writeBinary({ a: 0, b: 0, c: [1], d: [1, 2], e: 0 });
    expect([...bytes]).toEqual(
      [number(2, 0), len(3, [1]), number(4, 1), number(4, 2), number(5, 0)].flat(),
    );
  });

  test('fields are spelled as the schema says', () => {
    const path = writeSchema(`syntax = "proto3"; import "google/protobuf/field_mask.proto";
      message Request { int32 big_name = 1; google.protobuf.FieldMask the_mask = 2; } message Response {}`);
    const codec = compileSchema(protobufSchema(path, { fieldNames: 'proto' }), 'Test').request!;
    const sent = [...number(1, 1), ...len(2, len(1, 'a_b'))];
    expect(read(codec, sent)).toStrictEqual({ big_name: 1, the_mask: 'aB' });
    expect([...codec.writeBinary({ bigName: 1, the_mask: 'aB' })]).toEqual(sent);
  });
});

describe('what the schema does not know is ignored', () => {
  const codec = codecOfFields('int32 n = 1; M m = 2;');

  test.each<[string, number[]]>([
    ['a varint', number(9, MIN_64)],
    ['fixed sizes', [...fixed64(9, 1n), ...fixed32(2_000, 1)]],
    ['bytes, of any kind', len(9, [0xff, 0])],
    ['groups in groups', group(9, [...group(10, number(1, 5)), ...len(1, 'x'), ...group(10, [])])],
    ['the largest field number', number(2 ** 29 - 1, 1)],
    ['known fields of other wire types', [...len(1, 'text'), ...fixed32(1, 1), ...number(2, 1), ...group(2, number(1, 2))]], // prettier-ignore
  ])('%s', (_, unknown) => {
    expect(read(codec, unknown, number(1, 1), unknown)).toStrictEqual({ n: 1 });
    expect(read(codec, len(2, unknown))).toStrictEqual({ m: {} });
  });
});

describe('what is malformed is a 400 at its field', () => {
  const codec = codecOf(`syntax = "proto3"; enum E { A = 0; }
    message M {
      int32 n = 1; string s = 2; M m = 3; repeated M ms = 4; map<string, M> map = 5; repeated float fs = 6;
      google.protobuf.Any any = 7; google.protobuf.Timestamp at = 8; google.protobuf.Duration took = 9;
      google.protobuf.FieldMask mask = 10; google.protobuf.Value v = 11; repeated string list = 12; E e = 13;
      google.protobuf.Struct st = 14; repeated fixed64 longs = 15; bytes b = 16;
      repeated google.protobuf.Any anys = 17;
    }`);
  const long = (...bytes: number[]) => [...tag(1, 0).map((byte) => byte | 0x80), ...bytes];

  test.each<[string, number[], string]>([
    ['field number 0', [1, ...Buffer.from('DEADBEEF')], '$'],
    ['field number 0, with a length', [2, 1, 1], '$'],
    ['wire type 6', [6, 0], '$'],
    ['wire type 7', [15, 0], '$'],
    ['a tag of more than 32 bits', long(0x80, 0x80, 0x80, 0x40, 1), '$'],
    ['a tag of more bytes than it needs', long(0x80, 0x80, 0x80, 0x80, 0x80, 0, 1), '$'],
    ['a tag of more than ten bytes', long(...Array<number>(11).fill(0x80), 0, 1), '$'],
    ['a varint of more than ten bytes', [...tag(1, 0), ...varint(1, 11)], '$.n'],
    ['an enum of more than ten bytes', [...tag(13, 0), ...varint(1, 11)], '$.e'],
    ['an end of a group', tag(1, 4), '$'],
    ['an end of a group inside a message', len(3, tag(3, 4)), '$.m'],
    ['a group without an end', tag(9, 3), '$'],
    ['a group that ends as another', group(9, [], 10), '$'],
    ['groups that cross', [...tag(9, 3), ...tag(10, 3), ...tag(9, 4), ...tag(10, 4)], '$'],
    ['a group beyond the end of its message', [...len(3, tag(9, 3)), ...tag(9, 4)], '$.m'],
    ['a string that is cut', [...tag(2, 2), 5, 65], '$.s'],
    ['a length of 4 GB', [...tag(16, 2), 0xff, 0xff, 0xff, 0xff, 0x0f], '$.b'],
    ['a length of 64 bits', [...tag(16, 2), ...varint(MAX_64)], '$.b'],
    ['a negative length', [...tag(4, 2), ...varint(-1)], '$.ms[0]'],
    ['a string that is no UTF-8', len(2, [0xa0, 0xb0]), '$.s'],
    ['a surrogate in UTF-8', len(2, [0xed, 0xa0, 0x80]), '$.s'],
    ['an overlong slash in UTF-8', len(2, [0xc0, 0xaf]), '$.s'],
    ['an element that is no UTF-8', [...len(12, ''), ...len(12, [0xff])], '$.list[1]'],
    ['a field of an element', [...len(4, []), ...len(4, len(2, [0xff]))], '$.ms[1].s'],
    ['a field of a map', len(5, [...len(1, 'a b'), ...len(2, len(2, [0xff]))]), '$.map["a b"].s'],
    ['a key that is no UTF-8', len(5, len(1, [0xff])), '$.map[""]'],
    ['packed floats that are cut', len(6, [0, 0, 0]), '$.fs'],
    ['packed longs that are cut', len(15, Array<number>(12).fill(0)), '$.longs'],
    ['a message whose inside is longer', len(3, [...tag(2, 2), 9]), '$.m.s'],
    ['an unknown Any', len(7, [...len(1, 'x/Nope'), ...len(2, [])]), '$.any["@type"]'],
    ['an unknown Any in a list', [...len(17, []), ...len(17, len(1, 'x/Nope'))], '$.anys[1]["@type"]'], // prettier-ignore
    ['an Any in an Any in a list', len(17, [...len(1, 'x/M'), ...len(2, len(7, len(1, 'x/Nope')))]), '$.anys[0].any["@type"]'], // prettier-ignore
    ['a list in an Any that is cut', [...len(7, [...len(1, 'x/M'), ...len(2, [...tag(17, 2), 9])]), ...number(1, 1)], '$.any.anys[0]'], // prettier-ignore
    ['an Any without a type', len(7, len(2, [0])), '$.any["@type"]'],
    ['a malformed Any', len(7, [...len(1, 'x/M'), ...len(2, len(2, [0xff]))]), '$.any.s'],
    ['an Any whose content is cut', [...len(7, [...len(1, 'x/M'), ...len(2, tag(1, 0))])], '$.any.n'], // prettier-ignore
    ['a timestamp of the year 10000', len(8, number(1, 253_402_300_800)), '$.at'],
    ['a timestamp of the year 0', len(8, number(1, -62_135_596_801)), '$.at'],
    ['a timestamp of 64 bits', len(8, number(1, MIN_64)), '$.at'],
    ['negative nanoseconds', len(8, number(2, -1)), '$.at'],
    ['a duration of two signs', len(9, [...number(1, 1), ...number(2, -1)]), '$.took'],
    ['a duration too long', len(9, number(1, 315_576_000_001)), '$.took'],
    ['a second of nanoseconds', len(9, number(2, 1e9)), '$.took'],
    ['a mask of camelCase', len(10, len(1, 'aB')), '$.mask'],
    ['a mask with a digit after _', len(10, len(1, 'a_1')), '$.mask'],
    ['a Value of nothing', len(11, []), '$.v'],
    ['a Value of NaN', len(11, double(2, NaN)), '$.v'],
    ['a member of nothing', len(14, len(1, len(1, 'a'))), '$.st.a'],
    ['an element of infinity', len(11, len(6, len(1, double(2, Infinity)))), '$.v[0]'],
  ])('%s', (_, bytes, path) => {
    const [first, ...more] = violationsOf(() => read(codec, bytes));
    expect(first?.path).toBe(path);
    expect(first?.message).toMatch(/^expected .*, got /);
    expect(more).toEqual([]);
  });

  test('and so is every message that is cut, wherever it is', () => {
    const whole = codec.writeBinary({
      n: -1, s: 'text', m: { ms: [{ n: 300 }, {}], map: { a: { s: 'é' } } }, fs: [1, 2], at: '2024-01-01T00:00:00.5Z',
      any: { '@type': 'x/M', any: { '@type': 'x/google.protobuf.Struct', value: { a: [1, null] } } }, v: { a: 'b' },
    }); // prettier-ignore
    // A cut between two fields leaves a message.
    let read = 0;
    for (let length = 0; length < whole.length; length++) {
      try {
        codec.readBinary(whole.subarray(0, length));
        read++;
      } catch (error) {
        expect(violationsOf(() => { throw error; })).toHaveLength(1); // prettier-ignore
      }
    }
    expect(read).toBe(7);
  });

  test('what can be read on is, up to the tenth violation', () => {
    const wrong = len(14, len(1, [...len(1, '__proto__'), ...len(2, number(1, 0))]));
    expect(violationsOf(() => read(codec, len(8, number(2, -1)), wrong)).map(({ path }) => path)).toEqual(['$.at', '$.st.__proto__']); // prettier-ignore
    expect(violationsOf(() => read(codec, ...Array<number[]>(50).fill(wrong)))).toHaveLength(10);
  });
});

describe('depth', () => {
  const codec = codecOfFields('M m = 1; google.protobuf.Value v = 2; google.protobuf.Any any = 3; map<string, M> map = 4;'); // prettier-ignore
  const nest = (levels: number, wrap: (inner: number[]) => number[], leaf: number[] = []) => {
    let bytes = leaf;
    for (let i = 0; i < levels; i++) bytes = wrap(bytes);
    return bytes;
  };
  const accepts = (bytes: number[]) => {
    try {
      read(codec, bytes);
      return true;
    } catch (error) {
      expect(violationsOf(() => { throw error; })[0]?.message).toMatch(/levels of nesting/); // prettier-ignore
      return false;
    }
  };
  const acceptsJson = (value: unknown) => {
    try {
      codec.read(value);
      return true;
    } catch {
      return false;
    }
  };
  const json = (levels: number, wrap: (inner: unknown) => unknown, leaf: unknown) => {
    let value = leaf;
    for (let i = 0; i < levels; i++) value = wrap(value);
    return value;
  };

  test('ends where it ends in JSON', () => {
    for (let levels = 40; levels <= 102; levels++) {
      for (const [bytes, value] of [
        [nest(levels, (inner) => len(1, inner)), json(levels, (m) => ({ m }), {})],
        [nest(levels, (inner) => len(4, len(2, inner))), json(levels, (m) => ({ map: { '': m } }), {})],
        [nest(levels, (inner) => len(3, [...len(1, 'x/M'), ...len(2, inner)])), json(levels, (m) => ({ any: { '@type': 'x/M', ...(m as object) } }), {})],
        [len(2, nest(levels, (inner) => len(6, len(1, inner)), number(1, 0))), { v: json(levels, (v) => [v], null) }],
        [len(2, nest(levels, (inner) => len(5, len(1, len(2, inner))), number(1, 0))), { v: json(levels, (v) => ({ '': v }), null) }],
        [len(3, [...len(1, 'x/google.protobuf.Value'), ...len(2, nest(levels, (inner) => len(6, len(1, inner)), number(1, 0)))]), { any: { '@type': 'x/google.protobuf.Value', value: json(levels, (v) => [v], null) } }],
      ] as [number[], unknown][]) {
        expect([levels, accepts(bytes)]).toEqual([levels, acceptsJson(value)]);
      }
    }
  }); // prettier-ignore

  test('of unknown groups ends as well', () => {
    expect(accepts(nest(100, (inner) => group(9, inner)))).toBe(true);
    expect(accepts(nest(101, (inner) => group(9, inner)))).toBe(false);
    expect(accepts(nest(50, (inner) => len(1, inner), nest(51, (inner) => group(9, inner))))).toBe(false); // prettier-ignore
    // Without their ends, as who wants a stack to overflow would send them.
    expect(violationsOf(() => codec.readBinary(Buffer.alloc(1_000_000, 0x4b)))).toHaveLength(1);
  });
});

describe('work grows with the message:', () => {
  const codec = codecOfFields(`M m = 1; google.protobuf.Struct st = 2; google.protobuf.Any any = 3;
    google.protobuf.FieldMask mask = 4; repeated int32 ns = 5; google.protobuf.Timestamp at = 6;
    repeated google.protobuf.Any anys = 7; oneof o { M left = 8; M right = 9; }`);
  const cost = (part: readonly number[], times: number) => {
    // Whoever reads an Any again for each half that comes reads all of this again.
    const content = len(5, Array<number>(times).fill(1));
    const any = len(3, [...len(1, 'x/M'), ...len(2, content)]);
    const bytes = Buffer.from([...any, ...Array<readonly number[]>(times).fill(part).flat()]);
    return leastCpu(() => codec.readBinary(bytes));
  };

  test.each<[string, number[]]>([
    ['merged messages', len(1, [])],
    ['merged structs', len(2, len(1, [...len(1, 'a'), ...len(2, number(1, 0))]))],
    ['halves of an Any', len(3, len(1, 'x/M'))],
    ['merged masks', len(4, len(1, 'a'))],
    ['packed lists', len(5, [1])],
    ['merged timestamps', len(6, number(1, 1))],
    ['Anys', len(7, len(1, 'x/M'))],
    ['a oneof this way and that', [...len(8, []), ...len(9, [])]],
    ['unknown groups', group(99, group(98, []))],
  ])('%s', (_, part) => {
    cost(part, 1_000);
    // Sixteen times for what is linear, 256 times for what is quadratic.
    expect(cost(part, 32_000) / cost(part, 2_000)).toBeLessThan(64);
  });
});
