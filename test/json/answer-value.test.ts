import { EventEmitter } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { runInNewContext } from 'node:vm';
import { StreamableFile } from '@nestjs/common';
import { of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { ServingError } from '../../src/errors/index.js';
import { answerValue } from '../../src/json/index.js';

class Point {
  readonly x = 1;
  #hidden = 2;
  get sum(): number {
    return this.x + this.#hidden;
  }
}

/** What is not a `toJSON` of its own, but says something else than JSON.stringify would. */
const SAYABLE: [string, unknown, unknown][] = [
  ['a Float32Array', Float32Array.of(0.5, NaN, -Infinity), [0.5, 'NaN', '-Infinity']],
  ['a Float64Array', new Float64Array(2), [0, 0]],
  ['an Int8Array', Int8Array.of(-1), [-1]],
  ['a Uint8ClampedArray', Uint8ClampedArray.of(255), [255]],
  ['a BigInt64Array', BigInt64Array.of(2n ** 60n), ['1152921504606846976']],
  ['a BigUint64Array', BigUint64Array.of(1n), ['1']],
  ['a Set', new Set([1, 'a', new Set([true])]), [1, 'a', [true]]],
  ['a Map', new Map<unknown, unknown>([['a', 1], [2, new Map([[true, 3n]])]]), { a: 1, 2: { true: '3' } }],
  ['a Map with undefined in it', new Map([['a', undefined]]), {}],
  ['a bigint', 2n ** 70n, '1180591620717411303424'],
  ['a Date', new Date(1500), '1970-01-01T00:00:01.500Z'],
  ['a Buffer', Buffer.from('hi'), 'aGk='],
  ['a Uint8Array', Uint8Array.of(104, 105), 'aGk='],
  ['a part of a Uint8Array', Uint8Array.of(1, 104, 105).subarray(1), 'aGk='],
  ['an ArrayBuffer', Uint8Array.of(104, 105).buffer, 'aGk='],
  ['a SharedArrayBuffer', new SharedArrayBuffer(1), 'AA=='],
  ['a DataView', new DataView(Uint8Array.of(104, 105).buffer), 'aGk='],
  ['NaN', NaN, 'NaN'],
  ['Infinity', Infinity, 'Infinity'],
  ['-Infinity', -Infinity, '-Infinity'],
  ['a String object', new String('x'), 'x'],
  ['a Number object', new Number(NaN), 'NaN'],
  ['a Boolean object', new Boolean(false), false],
  ['a bigint object', Object(1n), '1'],
  ['a class instance', new Point(), { x: 1 }],
  ['an empty class instance', new (class {})(), {}],
  ['an object without prototype', Object.assign(Object.create(null) as object, { a: NaN }), { a: 'NaN' }],
  ['a subclass of Array', new (class List extends Array<number> {})(1, NaN), [1, 'NaN']],
  ['a Proxy', new Proxy({ a: [1n] }, {}), { a: ['1'] }],
  ['a URL', new URL('http://a/'), 'http://a/'],
  ['a key named __proto__', new Map([['__proto__', 1n]]), JSON.parse('{"__proto__":"1"}')],
  ['values of another realm', runInNewContext('[new Map([["a", new Set([1n])]]), new Date(0), new Uint8Array(1), new Float32Array(1)]'), [{ a: ['1'] }, '1970-01-01T00:00:00.000Z', 'AA==', [0]]],
]; // prettier-ignore

describe('JSON says, at every level,', () => {
  test.each(SAYABLE)('%s', (_, value, said) => {
    expect(answerValue(value)).toStrictEqual(said);
    expect(answerValue({ a: [value] })).toStrictEqual({ a: [said] });
    expect(answerValue(new Map([['a', new Set([value])]]))).toStrictEqual({ a: [said] });
    class Holder {
      readonly a = value;
    }
    expect(answerValue(new Holder())).toStrictEqual({ a: said });
  });
});

test('plain JSON is the same value', () => {
  for (const value of [
    null,
    undefined,
    true,
    'x',
    '\ud800',
    -0,
    1.5,
    [1, [2], undefined, null],
    { a: { b: 1 }, c: undefined, d: '' },
  ]) {
    expect(answerValue(value)).toBe(value);
  }
});

test('a field that is undefined is absent, and an element keeps its place', () => {
  const text = (value: unknown) => JSON.stringify(answerValue(value));
  for (const n of [1, 1n]) {
    const said = typeof n === 'bigint' ? '"1"' : '1';
    expect(text({ n, a: undefined, b: [undefined, n] })).toBe(`{"n":${said},"b":[null,${said}]}`);
  }
});

test('a value in several places is no cycle', () => {
  const shared = { n: 1n };
  expect(answerValue({ a: shared, b: [shared, new Set([shared])] })).toStrictEqual({
    a: { n: '1' },
    b: [{ n: '1' }, [{ n: '1' }]],
  });
});

test('the answer is not changed', () => {
  const value = Object.freeze({ n: 1n, list: Object.freeze([NaN]), skipped: undefined });
  expect(JSON.stringify(answerValue(value))).toBe('{"n":"1","list":["NaN"]}');
});

describe('toJSON', () => {
  const withToJson = (toJSON: () => unknown) => new (class Model { x = 1; toJSON = toJSON; })(); // prettier-ignore

  test.each<[string, () => unknown, unknown]>([
    ['a plain object', () => ({ a: 1n }), { a: '1' }],
    ['a string', () => 'x', 'x'],
    ['bytes', () => Buffer.from('hi'), 'aGk='],
    ['a Date', () => new Date(0), '1970-01-01T00:00:00.000Z'],
    ['NaN', () => NaN, 'NaN'],
    ['a Map', () => new Map([['a', 1]]), { a: 1 }],
    ['something with a toJSON', () => ({ a: 1, b: withToJson(() => 2) }), { a: 1, b: 2 }],
  ])('may give %s', (_, toJSON, said) => {
    expect(answerValue({ a: withToJson(toJSON) })).toStrictEqual({ a: said });
  });

  test('may give nothing', () => {
    expect(answerValue({ a: withToJson(() => undefined), b: 1n })).toStrictEqual({ b: '1' });
  });

  test('is asked once, of what it gave not again', () => {
    let asked = 0;
    class Endless {
      readonly n = 1;
      toJSON(): unknown {
        asked++;
        return new Endless();
      }
    }
    expect(JSON.stringify(answerValue([new Endless()]))).toBe('[{"n":1}]');
    expect(asked).toBe(1);
  });

  test('may give the object itself', () => {
    class Itself {
      readonly n = 1;
      toJSON(): unknown {
        return this;
      }
    }
    expect(JSON.stringify(answerValue(new Itself()))).toBe('{"n":1}');
  });

  test('has no say in bytes and Dates', () => {
    const toJSON = () => 'no';
    const bytes = Object.assign(Buffer.from('hi'), { toJSON });
    const date = Object.assign(new Date(0), { toJSON });
    expect(answerValue([bytes, date])).toEqual(['aGk=', '1970-01-01T00:00:00.000Z']);
  });

  test('of a list, or hidden in an object, is honoured as well', () => {
    const list = Object.assign(new (class extends Array<number> {})(), { toJSON: () => 'list' });
    const object = Object.defineProperty({}, 'toJSON', { value: () => new Map([['a', 1]]) });
    expect(answerValue({ list, object })).toStrictEqual({ list: 'list', object: { a: 1 } });
  });
});

async function* asyncItems() {
  yield 1;
}
function* items() {
  yield 1;
}
class Hidden {
  #x = 1;
  get x(): number {
    return this.#x;
  }
}
const trap = (): never => {
  throw new Error('trap');
};

const UNSAYABLE: [string, () => unknown, RegExp][] = [
  ['a function', () => () => 1, /a function: leave it out/],
  ['a class', () => Hidden, /a function: /],
  ['a symbol', () => Symbol('x'), /a symbol: return its description/],
  ['a Symbol object', () => Object(Symbol('x')) as unknown, /a symbol: /],
  ['a Promise', () => Promise.resolve(1), /a Promise: await it/],
  // oxlint-disable-next-line unicorn/no-thenable -- which a handler may forget to await
  ['a thenable', () => ({ then: () => 1 }), /a Promise: await it/],
  ['an Observable', () => of(1), /an Observable: .*lastValueFrom/],
  ['an Error', () => new TypeError('x'), /an Error: throw it/],
  ['an Error with a toJSON', () => Object.assign(new Error('x'), { toJSON: trap }), /an Error: /],
  ['a DOMException', () => new DOMException('x'), /an Error: /],
  ['an Error of another realm', () => runInNewContext('new Error("x")'), /an Error: /],
  ['a StreamableFile', () => new StreamableFile(Buffer.from('x')), /StreamableFile: .*Buffer/],
  ['a Readable', () => Readable.from(['x']), /a stream: read it/],
  ['a Writable', () => new Writable(), /a stream: /],
  ['a Duplex', () => new PassThrough(), /a stream: /],
  ['a ReadableStream', () => new Blob(['x']).stream(), /a stream: /],
  ['a WritableStream', () => new WritableStream(), /a stream: /],
  ['a generator', items, /an iterator: collect it in an array/],
  ['an async generator', asyncItems, /an iterator: /],
  ['an iterator', () => new Map().entries(), /an iterator: /],
  ['an iterable', () => ({ [Symbol.iterator]: items }), /an iterator: /],
  ['an async iterable', () => ({ [Symbol.asyncIterator]: asyncItems }), /an iterator: /],
  ['a WeakMap', () => new WeakMap(), /an instance of WeakMap without fields/],
  ['a WeakRef', () => new WeakRef({}), /an instance of WeakRef without fields/],
  ['a RegExp', () => /x/, /an instance of RegExp without fields/],
  ['a Blob', () => new Blob(['x']), /an instance of Blob without fields/],
  ['a class that hides its state', () => new Hidden(), /an instance of Hidden without .*toJSON/],
  ['inherited fields', () => Object.create({ a: 1 }) as unknown, /without fields/],
  ['a Proxy of a Map', () => new Proxy(new Map([['a', 1]]), {}), /got/],
  ['a Proxy of a typed array', () => new Proxy(Float32Array.of(1), {}), /got/],
  ['an invalid Date', () => new Date(NaN), /an invalid Date/],
  ['a Date in the year 10000', () => new Date(8.64e15), /beyond the year 9999/],
  ['an object as the key of a Map', () => new Map([[{}, 1]]), /a key that is an object/],
  ['a symbol as the key of a Map', () => new Map([[Symbol('x'), 1]]), /a key that is a symbol/],
  ['undefined as the key of a Map', () => new Map([[undefined, 1]]), /a key that is undefined/],
  ['two keys that are one', () => new Map<unknown, number>([[1, 1], ['1', 2]]), /the same text/],
  ['a getter that throws', () => ({ get x() { return trap(); } }), /throws where it is read/],
  ['a toJSON that throws', () => ({ toJSON: trap }), /throws where it is read/],
  ['a toJSON of a function', () => ({ toJSON: () => trap }), /a function: /],
  ['a toJSON of a Promise', () => ({ toJSON: async () => 1 }), /a Promise: /],
  ['a Proxy that throws keys', () => new Proxy({}, { ownKeys: trap }), /throws where it is read/],
  ['a Proxy that throws values', () => new Proxy({ a: 1 }, { get: trap }), /throws where/],
  ['a Proxy that throws its kind', () => new Proxy({}, { getPrototypeOf: trap }), /throws where/],
  ['a revoked Proxy', () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; }, /throws where/],
  ['an emitter that holds functions', () => new EventEmitter().on('x', () => 1), /a function/],
]; // prettier-ignore

function refusalOf(value: unknown): ServingError {
  try {
    answerValue(value);
  } catch (error) {
    expect(error).toBeInstanceOf(ServingError);
    expect((error as ServingError).failure).toBe('InvalidAnswer');
    return error as ServingError;
  }
  throw new Error(`expected a refusal, got ${JSON.stringify(answerValue(value))}`);
}

describe('JSON cannot say, and the refusal names the place and the remedy,', () => {
  test.each(UNSAYABLE)('%s', (_, make, reason) => {
    expect(refusalOf(make()).message).toMatch(/^Invalid answer at \$/);
    for (const answer of [{ 'a key': [0, make()] }, new Map([['a key', new Set([0, make()])]])]) {
      const [violation] = refusalOf(answer).details!;
      expect(violation!.path).toMatch(/^\$\["a key"\]\[1\]/);
      expect(violation!.message).toMatch(reason);
    }
  });

  test('what holds itself, in any way', () => {
    const ring: Record<string, unknown> = { n: 1 };
    ring['list'] = [{ back: ring }];
    expect(refusalOf(ring).message).toMatch(
      /^Invalid answer at \$\.list\[0\]\.back: .*holds itself/,
    );
    const map = new Map<string, unknown>();
    map.set('self', new Set([map]));
    expect(refusalOf({ map }).details![0]!.path).toBe('$.map.self[0]');
    class Node {
      readonly parent = ring;
      toJSON(): unknown {
        return { self: this };
      }
    }
    expect(refusalOf(new Node()).details![0]!.path).toBe('$.self');
  });

  test('what is nested without end, though none of it holds itself', () => {
    class Deeper {
      toJSON(): unknown {
        return { next: new Deeper() };
      }
    }
    expect(refusalOf(new Deeper()).message).toMatch(/more than 2000 levels/);
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = i % 2 ? [deep] : { deep };
    expect(refusalOf(deep).message).toMatch(/more than 2000 levels/);
    expect(refusalOf(deep).message.length).toBeLessThan(3_000);
  });

  test('but nesting as deep as a request may have goes out', () => {
    let deep: unknown = 1n;
    for (let i = 0; i < 1_001; i++) deep = i % 2 ? [deep] : { deep };
    expect(JSON.stringify(answerValue(deep))).toContain('"1"');
  });

  test('a getter that throws, whose own error is the cause', () => {
    expect(refusalOf({ toJSON: trap }).cause).toMatchObject({ message: 'trap' });
  });
});

test.skipIf(!('Float16Array' in globalThis))('a Float16Array is an array of numbers', () => {
  const { Float16Array } = globalThis as unknown as { Float16Array: Float32ArrayConstructor };
  expect(answerValue({ a: Float16Array.of(1.5, NaN) })).toStrictEqual({ a: [1.5, 'NaN'] });
});
