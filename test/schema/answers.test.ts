import { runInNewContext } from 'node:vm';
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
  ['a Uint8Array of bools', 'repeated bool f = 1;', Uint8Array.of(1, 0), [true, false]],
  ['a Uint8Array of wrapped bools', 'repeated google.protobuf.BoolValue f = 1;', Uint8Array.of(1, 0), [true, false]],
  ['a Uint8Array of floats', 'repeated float f = 1;', Uint8Array.of(1, 0), [1, 0]],
  ['a Set', 'repeated int32 f = 1;', new Set([1, 2]), [1, 2]],
  ['a Set of class instances', 'repeated N f = 1;', new Set([new Row()]), [{ f: 1 }]],
  ['a Map as a message', 'N f = 1;', new Map([['f', 1]]), { f: 1 }],
  ['a Map in a map', 'map<string, N> f = 1;', new Map([['__proto__', new Row()]]), JSON.parse('{"__proto__":{"f":1}}')],
  ['a Float32Array as bytes', 'bytes f = 1;', Float32Array.of(1), 'AACAPw=='],
  ['a DataView', 'bytes f = 1;', new DataView(Uint8Array.of(104, 105).buffer), 'aGk='],
  ['a SharedArrayBuffer', 'bytes f = 1;', new SharedArrayBuffer(1), 'AA=='],
  ['bytes in a wrapper', 'google.protobuf.BytesValue f = 1;', Uint8Array.of(104, 105), 'aGk='],
  ['a list of bytes', 'repeated bytes f = 1;', [Buffer.from('hi'), 'aGk', new ArrayBuffer(1)], ['aGk=', 'aGk=', 'AA==']],
  ['a Date as a string', 'string f = 1;', new Date(1500), '1970-01-01T00:00:01.500Z'],
  ['a bigint as a string', 'string f = 1;', 2n ** 70n, '1180591620717411303424'],
  ['a URL as a string', 'string f = 1;', new URL('http://a/b'), 'http://a/b'],
  ['a String object', 'string f = 1;', new String('x'), 'x'],
  ['a Number object', 'double f = 1;', new Number(1.5), 1.5],
  ['NaN in a Value', 'google.protobuf.Value f = 1;', [NaN, -Infinity], ['NaN', '-Infinity']],
  ['a bigint in a Value', 'google.protobuf.Value f = 1;', 7n, '7'],
  ['a Date in a Struct', 'google.protobuf.Struct f = 1;', { a: new Date(0) }, { a: '1970-01-01T00:00:00.000Z' }],
  ['bytes in a Struct', 'google.protobuf.Struct f = 1;', { a: Buffer.from('hi') }, { a: 'aGk=' }],
  ['a Map as a Struct', 'google.protobuf.Struct f = 1;', new Map([['a', new Map([[1, new Set([2])]])]]), { a: { 1: [2] } }],
  ['a Set as a ListValue', 'google.protobuf.ListValue f = 1;', new Set([1]), [1]],
  ['a Uint8Array as a ListValue', 'google.protobuf.ListValue f = 1;', Uint8Array.of(1), [1]],
  ['undefined in a ListValue', 'google.protobuf.ListValue f = 1;', [undefined, 1], [null, 1]],
  ['an Any', 'google.protobuf.Any f = 1;', new Map<string, unknown>([['@type', 'x/M.N'], ['f', 1n]]), { '@type': 'x/M.N', f: 1 }],
  ['bytes in an Any', 'google.protobuf.Any f = 1;', { '@type': 'x/google.protobuf.BytesValue', value: Buffer.from('hi') }, { '@type': 'x/google.protobuf.BytesValue', value: 'aGk=' }],
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
  ['a byte that is no bool', 'repeated bool f = 1;', Uint8Array.of(1, 2)],
  ['a Float32Array of bools', 'repeated bool f = 1;', Float32Array.of(1, 0)],
  ['a Uint8Array of strings', 'repeated string f = 1;', Uint8Array.of(1)],
  ['a Set of something else', 'repeated int32 f = 1;', new Set(['x'])],
  ['a promise of a string', 'string f = 1;', Promise.resolve('x')],
  ['an Error in a Struct', 'google.protobuf.Struct f = 1;', { a: new Error('x') }],
  ['a generator of a list', 'repeated int32 f = 1;', (function* () {})()],
  ['a function in a Value', 'google.protobuf.Value f = 1;', [() => 1]],
  ['a RegExp in a Value', 'google.protobuf.Value f = 1;', /x/],
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

  test('is what its toJSON says, asked once', () => {
    class Model {
      #s = 'x';
      asked = 0;
      toJSON(): unknown {
        this.asked++;
        return { s: this.#s, child: undefined };
      }
    }
    const model = new Model();
    expect(codec.write(model)).toStrictEqual({ s: 'x' });
    expect(codec.write({ child: model })).toStrictEqual({ child: { s: 'x' } });
    expect(model.asked).toBe(2);
  });

  test('is what it shows, where its toJSON gives itself', () => {
    class Itself {
      readonly s = 'x';
      toJSON(): unknown {
        return this;
      }
    }
    expect(JSON.stringify(codec.write({ child: new Itself() }))).toBe('{"child":{"s":"x"}}');
  });

  test('that only inherits its fields is refused, since none of them would go out', () => {
    class Base {
      get s(): string {
        return 'inherited';
      }
    }
    const { message } = failureOf(() => codec.write({ child: new Base() }));
    expect(message).toMatch(
      /^Invalid answer at \$\.child: .*an instance of Base without fields.*toJSON/,
    );
  });

  test('that throws where it is read is refused, with the place', () => {
    const trap = () => {
      throw new Error('trap');
    };
    const hostile = [
      { get s() { return trap(); } },
      new Proxy({}, { ownKeys: trap }),
      new Proxy({}, { getPrototypeOf: trap }),
      new Proxy({ s: 'x' }, { get: trap }),
      { toJSON: trap },
    ]; // prettier-ignore
    for (const child of hostile) {
      const error = failureOf(() => codec.write({ child }));
      expect(error.details?.[0]?.path).toBe('$.child');
      expect(error.message).toMatch(/throws where it is read/);
    }
  });

  test('that holds itself is told from a deep one', () => {
    const ring: Record<string, unknown> = {};
    ring['child'] = { child: ring };
    expect(failureOf(() => codec.write(ring)).details).toEqual([
      { path: '$.child.child', message: expect.stringContaining('holds itself') },
    ]);
    const shared = { s: 'x' };
    const twice = codecOfFields('M a = 1; M b = 2; string s = 3; google.protobuf.Value v = 4;');
    const answer = { a: shared, b: shared, v: [shared, shared, new Set([shared])] };
    expect(JSON.parse(JSON.stringify(twice.write(answer)))).toEqual({
      a: shared,
      b: shared,
      v: [shared, shared, [shared]],
    });
  });

  test('may come from another realm, as it does in the sandbox of a test runner', () => {
    const other = runInNewContext('({ s: new Date(0), child: new Map([["s", "x"]]) })') as unknown;
    expect(codec.write(other)).toStrictEqual({
      s: '1970-01-01T00:00:00.000Z',
      child: { s: 'x' },
    });
  });
});

test('what only answers may hold is refused in requests', () => {
  const bytes = ['a Buffer', 'a view into a larger buffer'];
  for (const [name, field, returned] of FRIENDLY.slice(0, 14)) {
    if (bytes.includes(name)) continue;
    const codec = codecOfFields(`${NESTED} ${field}`);
    expect(failureOf(() => codec.read({ f: returned })).failure).toBe('InvalidRequest');
  }
});
