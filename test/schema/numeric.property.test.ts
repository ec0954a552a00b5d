import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digitsOf } from '../../src/schema/numeric.js';

test('the digits of a large integer are those of the bigint', () => {
  const large = fc.double({ min: 2 ** 53, max: 2 ** 64, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(large, fc.boolean(), (size, isNegative) => {
      const value = isNegative ? -size : size;
      expect(digitsOf(value)).toBe(String(BigInt(value)));
    }),
    { numRuns: 20_000 },
  );
});

test.each([2 ** 53, 2 ** 53 + 2, 1e16, 2 ** 63, -(2 ** 63), 1e19, 2 ** 64 - 2_048])(
  'the digits of %d',
  (value) => {
    expect(digitsOf(value)).toBe(String(BigInt(value)));
  },
);

test('an integer that no type has has none', () => {
  expect(digitsOf(2 ** 64)).toBeUndefined();
  expect(digitsOf(-1e300)).toBeUndefined();
});
