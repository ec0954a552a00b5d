import { describe, expect, test } from 'vitest';
import { codecOf, codecOfFields, violationsOf } from './root-of.js';

/** Each row: a field's declaration, what a client sends for it, what the handler sees. */
const CASES: [string, unknown, unknown][] = [
  ['int32 f = 1;', 7, 7],
  ['int32 f = 1;', '7', 7],
  ['int32 f = 1;', '7.0', 7],
  ['int32 f = 1;', '1e3', 1000],
  ['int32 f = 1;', -0, 0],
  ['int32 f = 1;', 0, 0],
  ['uint32 f = 1;', 4294967295, 4294967295],
  ['int64 f = 1;', 7, '7'],
  ['int64 f = 1;', '007', '7'],
  ['int64 f = 1;', '-9223372036854775808', '-9223372036854775808'],
  ['uint64 f = 1;', '18446744073709551615', '18446744073709551615'],
  ['uint64 f = 1;', 1e19, '10000000000000000000'],
  ['double f = 1;', '1.5', 1.5],
  ['double f = 1;', 'NaN', 'NaN'],
  ['double f = 1;', '-Infinity', '-Infinity'],
  ['float f = 1;', 3.4028234663852886e38, 3.4028234663852886e38],
  ['bool f = 1;', false, false],
  ['string f = 1;', '', ''],
  ['string f = 1;', 'a\ud83d\ude00', 'a\ud83d\ude00'],
  ['bytes f = 1;', '_-8', Buffer.from([0xff, 0xef])],
  ['bytes f = 1;', 'YR==', Buffer.from('a')],
  ['bytes f = 1;', 'A'.repeat(100), Buffer.alloc(75)],
  ['bytes f = 1;', '', Buffer.alloc(0)],
  ['E f = 1;', 'B', 'B'],
  ['E f = 1;', 1, 'B'],
  ['E f = 1;', 99, 99],
  ['M f = 1;', {}, {}],
  ['M f = 1;', null, undefined],
  ['repeated int32 f = 1;', ['1', 2], [1, 2]],
  ['repeated int32 f = 1;', [], []],
  ['repeated int32 f = 1;', null, undefined],
  ['map<string, int64> f = 1;', { a: 1 }, { a: '1' }],
  ['map<int32, string> f = 1;', { '01': 'x' }, { '1': 'x' }],
  ['map<int64, string> f = 1;', { '-1': 'x' }, { '-1': 'x' }],
  ['map<bool, string> f = 1;', { true: 'x' }, { true: 'x' }],
  ['google.protobuf.Timestamp f = 1;', '2024-01-01T01:00:00.5+01:00', '2024-01-01T00:00:00.500Z'],
  ['google.protobuf.Timestamp f = 1;', '2024-02-29T23:59:59.000Z', '2024-02-29T23:59:59Z'],
  ['google.protobuf.Duration f = 1;', '1.5s', '1.500s'],
  ['google.protobuf.Duration f = 1;', '-0s', '0s'],
  ['google.protobuf.FieldMask f = 1;', 'a.bC,d', 'a.bC,d'],
  ['google.protobuf.Int64Value f = 1;', 0, '0'],
  ['google.protobuf.StringValue f = 1;', null, undefined],
  ['google.protobuf.Struct f = 1;', { a: [1, { b: null }] }, { a: [1, { b: null }] }],
  ['google.protobuf.Value f = 1;', null, null],
  ['google.protobuf.ListValue f = 1;', [null, [true]], [null, [true]]],
  ['google.protobuf.NullValue f = 1;', 'NULL_VALUE', null],
  ['google.protobuf.Empty f = 1;', {}, {}],
  ['google.protobuf.Any f = 1;', {}, {}],
  ['google.protobuf.Any f = 1;', { '@type': 'M', f: null }, { '@type': '/M' }],
  [
    'google.protobuf.Any f = 1;',
    { '@type': 'x/google.protobuf.Duration', value: '1.5s' },
    { '@type': 'x/google.protobuf.Duration', value: '1.500s' },
  ],
];

test.each(CASES)('%s %j is %j', (field, sent, seen) => {
  const codec = codecOfFields(field);
  const canonical = codec.read({ f: sent });
  expect(canonical).toStrictEqual(seen === undefined ? {} : { f: seen });
  expect(codec.read(canonical)).toStrictEqual(canonical);
});

const REFUSED: [string, unknown][] = [
  ['int32 f = 1;', 1.5],
  ['int32 f = 1;', 2 ** 31],
  ['int32 f = 1;', ' 1'],
  ['int32 f = 1;', '0x10'],
  ['int32 f = 1;', true],
  ['uint32 f = 1;', -1],
  ['int64 f = 1;', '9223372036854775808'],
  ['int64 f = 1;', 2 ** 63],
  ['uint64 f = 1;', 1e300],
  ['double f = 1;', Infinity],
  ['double f = 1;', 'nan'],
  ['double f = 1;', '1e400'],
  ['float f = 1;', 3.5e38],
  ['bool f = 1;', 'true'],
  ['string f = 1;', 1],
  ['string f = 1;', '\ud800'],
  ['bytes f = 1;', 'Y'],
  ['bytes f = 1;', 'Y Q='],
  ['bytes f = 1;', 'YQ=\u0141'.replace('=', '')],
  ['bytes f = 1;', `${'QUJD'.repeat(100)}!`],
  ['bytes f = 1;', [1, 2]],
  ['E f = 1;', 'C'],
  ['E f = 1;', 'constructor'],
  ['E f = 1;', 1.5],
  ['M f = 1;', []],
  ['M f = 1;', 'x'],
  ['repeated int32 f = 1;', {}],
  ['repeated int32 f = 1;', [null]],
  ['map<string, int32> f = 1;', { a: null }],
  ['map<string, int32> f = 1;', []],
  ['map<int32, int32> f = 1;', { a: 1 }],
  ['map<int32, int32> f = 1;', { '1': 1, '01': 1 }],
  ['map<uint32, int32> f = 1;', { '-1': 1 }],
  ['map<bool, int32> f = 1;', { '1': 1 }],
  ['map<string, int32> f = 1;', { '\ud800': 1 }],
  ['google.protobuf.Timestamp f = 1;', '2023-02-29T00:00:00Z'],
  ['google.protobuf.Timestamp f = 1;', '0000-01-01T00:00:00Z'],
  ['google.protobuf.Duration f = 1;', '315576000001s'],
  ['google.protobuf.Duration f = 1;', 1],
  ['google.protobuf.FieldMask f = 1;', 'a_b'],
  ['google.protobuf.Struct f = 1;', []],
  ['google.protobuf.Value f = 1;', Infinity],
  ['google.protobuf.Any f = 1;', { value: 1 }],
  ['google.protobuf.Any f = 1;', { '@type': 'nowhere' }],
  ['google.protobuf.Any f = 1;', { '@type': 'M', nope: 1 }],
  ['google.protobuf.Any f = 1;', { '@type': '.'.repeat(100_000) }],
];

test.each(REFUSED)('%s %j is refused at $.f', (field, sent) => {
  const codec = codecOfFields(field);
  const [first, ...more] = violationsOf(() => codec.read({ f: sent }));
  expect(first?.path).toMatch(/^\$\.f/);
  expect(first?.message).toMatch(/^expected .*, got /);
  expect(more).toEqual([]);
});

describe('a body', () => {
  const codec = codecOfFields('string big_name = 1; oneof o { int32 a = 2; int32 b = 3; }');

  test('that is canonical is handed on as the same object', () => {
    const body = { bigName: 'x', a: 1 };
    expect(codec.read(body)).toBe(body);
  });

  test('may spell a field as the file does', () => {
    expect(codec.read({ big_name: 'x' })).toStrictEqual({ bigName: 'x' });
  });

  test.each([
    ['a field in two spellings', { bigName: 'x', big_name: 'x' }, '$.big_name'],
    ['a field in two spellings, one null', { bigName: null, big_name: 'x' }, '$.big_name'],
    ['two fields of a oneof', { a: 1, b: 2 }, '$.b'],
    ['an unknown field', { bigname: 'x' }, '$.bigname'],
  ])('with %s is refused', (_, body, path) => {
    expect(violationsOf(() => codec.read(body)).map((violation) => violation.path)).toEqual([path]);
  });

  test('may hold null beside the field of a oneof that is set', () => {
    expect(codec.read({ a: null, b: 2 })).toStrictEqual({ b: 2 });
  });

  test.each([null, [], 'x', 1, true])('%j is refused as a whole', (body) => {
    expect(violationsOf(() => codec.read(body)).map((violation) => violation.path)).toEqual(['$']);
  });
});

describe('ordinary canonical input needs no copy', () => {
  const wide = Array.from({ length: 100 }, (_, i) => `int32 field_${i} = ${i + 1};`).join(' ');
  test.each([
    ['a message of many fields', wide, { field7: 1, field99: 2 }],
    [
      '64-bit integers of all lengths',
      'repeated int64 f = 1;',
      ['0', '-1', '1234567890123456789', '-9223372036854775808'],
    ],
    [
      'keys of all lengths',
      'map<int32, bool> f = 1;',
      { 0: true, '-2147483648': true, 2147483647: false },
    ],
    ['tensors', 'repeated double f = 1;', [1, 0.5, -3, 1e300, 2]],
    ['maps of messages', 'map<string, M> f = 1;', { a: {}, b: { f: {} } }],
    ['times', 'google.protobuf.Timestamp f = 1;', '2024-02-29T12:00:00.123Z'],
    ['enums', 'repeated E f = 1;', ['A', 'B']],
  ])('%s', (_, fields, value) => {
    const codec = codecOfFields(fields);
    const body = fields === wide ? value : { f: value };
    expect(codec.read(body)).toBe(body);
    expect(codec.write(body)).toBe(body);
  });

  test.each([
    ['repeated double f = 1;', [1, 2, 3, Infinity]],
    ['repeated double f = 1;', [1, 2, 3, 4, 5, null]],
    [wide, 1],
  ])('%s, and what is wrong in it is still found', (fields, value) => {
    expect(violationsOf(() => codecOfFields(fields).read({ f: value }))).toHaveLength(1);
  });
});

describe('proto2', () => {
  const codec = codecOf(`syntax = "proto2";
    enum Closed { A = 0; B = 1; }
    message M {
      required string must = 1; optional Closed closed = 2; extensions 100 to 200;
      optional group Pair = 3 { optional int32 left = 1; }
    }
    extend M { optional int32 ext_num = 100; }`);

  test('an extension is spelled by its full name in brackets', () => {
    expect(codec.read({ '[ext_num]': '1' })).toStrictEqual({ '[ext_num]': 1 });
  });

  test('a group is a field', () => {
    expect(codec.read({ pair: { left: '1' } })).toStrictEqual({ pair: { left: 1 } });
  });

  test('a closed enum has no unknown numbers', () => {
    expect(violationsOf(() => codec.read({ closed: 9 }))).toHaveLength(1);
    expect(codec.read({ closed: 1 })).toStrictEqual({ closed: 'B' });
  });

  test('a required field may be absent, as in the reference', () => {
    expect(codec.read({})).toStrictEqual({});
  });
});
