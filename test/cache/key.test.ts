import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cacheKey, cacheScope } from '../../src/cache/index.js';
import { leastCpu } from '../least-cpu.js';

const scope = cacheScope({
  namespace: 'app',
  endpoint: '/classify',
  version: '1',
  schema: 'syntax = "proto3"',
});
const keyOf = (input: unknown) => cacheKey(scope, input, []);

/** Few names and values, so that two draws are often equal or nearly so. */
const names = fc.constantFrom('a', 'b', 'ab', '', '1', '__proto__', 'constructor', 'ü', '\ud800');
const leaves = fc.oneof(
  fc.constantFrom(null, true, false, 0, -0, 1, 1e21, 0.1, NaN, Infinity, undefined, 1n),
  fc.constantFrom('', '0', 't', 'a', 'b', '"', '1:a', '}', 'null', '\ud800', '\udc00', '\ufffd'),
  fc.double(),
  fc.string({ unit: 'binary' }),
);
const { value: values } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    leaves,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.sparseArray(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 3 }).map(fromEntries),
  ),
}));

/** As JSON.parse does it: `__proto__` is a field like any other. */
function fromEntries(entries: [string, unknown][]): object {
  const object = {};
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  }
  return object;
}

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    copy.length = value.length;
    for (const index of Object.keys(value)) copy[Number(index)] = reversed(value[Number(index)]);
    return copy;
  }
  if (typeof value !== 'object' || value === null) return value;
  return fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, field]) => [key, reversed(field)]),
  );
}

describe('cacheKey', () => {
  it('does not depend on the order of keys, at any depth', () => {
    fc.assert(fc.property(values, (value) => keyOf(reversed(value)) === keyOf(value)));
    expect(keyOf({ a: 1, b: { c: [{ d: 1, e: 2 }] } })).toBe(
      keyOf({ b: { c: [{ e: 2, d: 1 }] }, a: 1 }),
    );
  });

  it('is the same for two inputs only if they are deeply equal', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        expect(keyOf(one) === keyOf(other)).toBe(isDeepStrictEqual(one, other));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    [
      [1, [2]],
      [1, 2],
    ],
    [{ a: { b: 1 } }, { a: {}, b: 1 }],
    [['a', 'b'], ['a,b']],
    [['a', 'b'], ['a"b']],
    [{ a: true, b: true }, { atb: true }],
    [JSON.parse('{"__proto__":1}'), {}],
    [JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":2}')],
    [{ a: undefined }, {}],
    [[undefined], Object.assign([], { length: 1 })],
    ['1', 1],
    [0, -0],
    ['\ud800', '\ufffd'],
    ['\u00e9', 'e\u0301'],
    [{}, []],
    [1, 1n],
  ])('tells %o from %o', (one, other) => {
    expect(keyOf(one)).not.toBe(keyOf(other));
  });

  it('takes the deepest input the endpoints accept', () => {
    const deep = (leaf: number) => {
      let value: unknown = leaf;
      for (let level = 0; level < 1_000; level++) value = level % 2 ? [value] : { a: value };
      return value;
    };
    expect(keyOf(deep(1))).toBe(keyOf(deep(1)));
    expect(keyOf(deep(1))).not.toBe(keyOf(deep(2)));
  });

  it('sets scopes and headers apart', () => {
    const scopes = [
      { namespace: '', endpoint: '/a' },
      { namespace: 'app', endpoint: '/a' },
      { namespace: '', endpoint: '/b' },
      { namespace: '', endpoint: '/a', version: '1' },
      { namespace: '', endpoint: '/a', schema: '1' },
      { namespace: '', endpoint: '/a', version: '1', schema: '1' },
    ].map(cacheScope);
    const varied = [[], [undefined], [''], ['de'], ['en'], ['de', 'en'], ['en', 'de'], ['de,en']];
    const keys = scopes.flatMap((one) => varied.map((vary) => cacheKey(one, { a: 1 }, vary)));
    expect(new Set(keys).size).toBe(scopes.length * varied.length);
    expect(cacheKey(scope, '', ['de'])).not.toBe(cacheKey(scope, 'de', ['']));
  });

  it('takes bytes for their base64, whoever has decoded them', () => {
    const base64 = 'aGVsbG8=';
    const buffer = Buffer.from(base64, 'base64');
    expect(keyOf({ data: buffer })).toBe(keyOf({ data: base64 }));
    expect(keyOf({ data: [new Uint8Array(buffer)] })).toBe(keyOf({ data: [base64] }));
    expect(keyOf({ data: buffer.subarray(1) })).not.toBe(keyOf({ data: base64 }));
  });

  it('is short', () => {
    expect(keyOf({ body: 'x'.repeat(100_000) })).toMatch(/^[\w-]{43}$/);
  });

  it.each([new Date(0), new Map(), Symbol('a'), () => 1])(
    'refuses %s, whose content it would lose',
    (value) => {
      expect(() => keyOf({ value })).toThrow(TypeError);
    },
  );

  it('takes bytes as their base64', () => {
    const bytes = Buffer.from([0, 1, 250, 251, 252]);
    const base64 = bytes.toString('base64');
    expect(keyOf({ bytes })).toBe(keyOf({ bytes: base64 }));
    expect(keyOf({ bytes: new Uint8Array(bytes) })).toBe(keyOf({ bytes: base64 }));
    expect(keyOf({ bytes: bytes.subarray(1) })).not.toBe(keyOf({ bytes: base64 }));
  });

  it.each([0, 1, 30, 31, 32, 33, 21_839, 21_842, 21_845, 21_848, 65_535, 65_536, 200_000])(
    'tells texts of %i characters by each of them, wherever they lie',
    (length) => {
      const keys = new Set<string>();
      let inputs = 0;
      const pairs = [
        ['a', 'b'],
        ['ü', 'û'],
        ['世', '界'],
        ['\ud800', '\udc00'],
      ] as const;
      for (const [one, other] of pairs) {
        for (const before of [0, 65_500, 65_530]) {
          const text = one.repeat(length);
          for (const last of ['', one, other]) {
            inputs++;
            keys.add(keyOf([Array.from({ length: before }, () => true), [text + last, text], one]));
          }
        }
      }
      expect(keys.size).toBe(inputs);
    },
  );

  it.each<[string, (size: number) => unknown]>([
    ['numbers', (size) => Array.from({ length: size }, (_, index) => index / 3)],
    ['fields', (size) => Object.fromEntries(Array.from({ length: size }, (_, i) => [`${i}x`, i]))],
    ['empty arrays', (size) => Array.from({ length: size }, () => [])],
    ['short texts', (size) => Array.from({ length: size }, (_, index) => `${index}ü`)],
    ['one text', (size) => 'ü世'.repeat(10 * size)],
    ['bytes', (size) => new Uint8Array(20 * size)],
  ])('costs in proportion to the input: %s', (_, make) => {
    const [small, large] = [make(8_000), make(128_000)];
    keyOf(small);
    expect(leastCpu(() => keyOf(large)) / leastCpu(() => keyOf(small))).toBeLessThan(64);
  });
});
