import { describe, expect, test } from 'vitest';
import { ServingError } from '../../src/errors/index.js';
import { codecOfFields, failureOf } from './root-of.js';

class Row {
  readonly f = 1;
  get derived(): number {
    throw new Error('a getter of the class is no field');
  }
}

const FRIENDLY: [string, string, unknown, unknown][] = [
  ['a Float32Array', 'repeated float f = 1;', Float32Array.of(0.5, NaN), [0.5, 'NaN']],
  ['a Float64Array', 'repeated double f = 1;', Float64Array.of(0.1, -Infinity), [0.1, '-Infinity']],
  ['an Int32Array', 'repeated int32 f = 1;', Int32Array.of(1, -2), [1, -2]],
  ['a BigInt64Array', 'repeated int64 f = 1;', BigInt64Array.of(1n, -2n), ['1', '-2']],
  ['a Uint8Array of numbers', 'repeated uint32 f = 1;', Uint8Array.of(1, 2), [1, 2]],
  ['a bigint', 'int64 f = 1;', 9007199254740993n, '9007199254740993'],
  ['a bigint for 32 bits', 'int32 f = 1;', 7n, 7],
  ['a Long', 'int64 f = 1;', { low: -1, high: -2097153, unsigned: false }, '-9007199254740993'],
  ['an unsigned Long', 'uint64 f = 1;', { low: -1, high: -1, unsigned: true }, '18446744073709551615'],
  ['a Date', 'google.protobuf.Timestamp f = 1;', new Date(1500), '1970-01-01T00:00:01.500Z'],
  ['a Date in full seconds', 'google.protobuf.Timestamp f = 1;', new Date(0), '1970-01-01T00:00:00Z'],
  ['a Buffer', 'bytes f = 1;', Buffer.from('hi'), 'aGk='],
  ['a view into a larger buffer', 'bytes f = 1;', Buffer.from('xhi').subarray(1), 'aGk='],
  ['an ArrayBuffer', 'bytes f = 1;', Uint8Array.of(104, 105).buffer, 'aGk='],
  ['NaN', 'double f = 1;', NaN, 'NaN'],
  ['Infinity', 'float f = 1;', Infinity, 'Infinity'],
  ['-0', 'int32 f = 1;', -0, 0],
  ['undefined', 'int32 f = 1;', undefined, undefined],
  ['null', 'int32 f = 1;', null, undefined],
  ['a class instance', 'N f = 1;', new Row(), { f: 1 }],
  ['an object without a prototype', 'N f = 1;', Object.assign(Object.create(null) as object, { f: 1 }), { f: 1 }],
  ['a Map', 'map<int32, string> f = 1;', new Map([[1, 'x']]), { 1: 'x' }],
  ['an enum number', 'E f = 1;', 1, 'B'],
  ['a number for 64 bits', 'int64 f = 1;', 7, '7'],
  ['undefined in a Struct', 'google.protobuf.Struct f = 1;', { a: undefined, b: 1 }, { b: 1 }],
  ['a typed array in a Value', 'google.protobuf.Value f = 1;', Int8Array.of(1), [1]],
]; // prettier-ignore

const NESTED = 'message N { int32 f = 1; }';

test.each(FRIENDLY)('%s goes out as JSON', (_, field, returned, sent) => {
  const codec = codecOfFields(`${NESTED} ${field}`);
  const answer = codec.write({ f: returned });
  expect(answer).toStrictEqual(sent === undefined ? {} : { f: sent });
  expect(JSON.parse(JSON.stringify(answer))).toStrictEqual(answer);
});

const REFUSED: [string, string, unknown][] = [
  ['a bigint out of range', 'int64 f = 1;', 2n ** 63n],
  ['an enormous bigint', 'int64 f = 1;', 2n ** 4000n],
  ['an invalid Date', 'google.protobuf.Timestamp f = 1;', new Date(NaN)],
  ['a Date in the year 10000', 'google.protobuf.Timestamp f = 1;', new Date(8.64e15)],
  ['a Date as a message', 'N f = 1;', new Date()],
  ['a promise', 'N f = 1;', Promise.resolve({})],
  ['a function', 'N f = 1;', () => 1],
  ['a symbol', 'string f = 1;', Symbol('x')],
  ['an array as a message', 'N f = 1;', [1]],
  ['a typed array as a message', 'N f = 1;', Uint8Array.of(1)],
  ['NaN in a Value', 'google.protobuf.Value f = 1;', NaN],
  ['undefined in an array', 'repeated int32 f = 1;', [undefined]],
  ['a fraction', 'repeated int32 f = 1;', Float32Array.of(0.5)],
  ['NaN as an integer', 'int32 f = 1;', NaN],
];

test.each(REFUSED)('%s is an invalid answer', (_, field, returned) => {
  const codec = codecOfFields(`${NESTED} ${field}`);
  const error = failureOf(() => codec.write({ f: returned }));
  expect(error).toBeInstanceOf(ServingError);
  expect(error.failure).toBe('InvalidAnswer');
  expect(error.details?.[0]?.path).toMatch(/^\$\.f/);
});

describe('an answer', () => {
  const codec = codecOfFields('string s = 1; M child = 2;');

  test('that is canonical is sent as it is', () => {
    const answer = { s: 'x', child: { s: 'y' } };
    expect(codec.write(answer)).toBe(answer);
  });

  test('that holds itself is refused', () => {
    const answer: Record<string, unknown> = { s: 'x' };
    answer['child'] = answer;
    expect(failureOf(() => codec.write(answer)).failure).toBe('InvalidAnswer');
  });

  test('is not changed', () => {
    const answer = Object.freeze({ s: undefined, child: Object.freeze({ s: 'x' }) });
    expect(codec.write(answer)).toStrictEqual({ child: { s: 'x' } });
  });

  test.each([undefined, null, 1, 'x', []])('%j is refused as a whole', (answer) => {
    expect(failureOf(() => codec.write(answer)).details?.[0]?.path).toBe('$');
  });

  test('is sent by its fields, whatever toJSON says', () => {
    class Secret {
      readonly s = 'x';
      toJSON(): unknown {
        return { nope: 1 };
      }
    }
    expect(JSON.stringify(codec.write(new Secret()))).toBe('{"s":"x"}');
    expect(JSON.stringify(codec.write({ child: new Secret() }))).toBe('{"child":{"s":"x"}}');
  });

  test('a field that a class inherits is none', () => {
    class Base {
      get s(): string {
        return 'inherited';
      }
    }
    expect(codec.write(new Base())).toStrictEqual({});
  });
});

test('what only answers may hold is refused in requests', () => {
  for (const [, field, returned] of FRIENDLY.slice(0, 12)) {
    const codec = codecOfFields(`${NESTED} ${field}`);
    expect(failureOf(() => codec.read({ f: returned })).failure).toBe('InvalidRequest');
  }
});
