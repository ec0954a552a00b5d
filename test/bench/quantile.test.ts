import fc from 'fast-check';
import { expect, test } from 'vitest';
import { median, quantile } from '../../src/bench/quantile.js';

test('a quantile is the smallest value that its share of all do not exceed', () => {
  const values = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(values, fc.constantFrom(0.5, 0.9, 0.99), (list, share) => {
      const found = quantile(Float64Array.from(list).sort(), share);
      if (found === null) {
        expect(list.length * (1 - share)).toBeLessThan(1);
        return;
      }
      const atMost = list.filter((value) => value <= found).length;
      const below = list.filter((value) => value < found).length;
      expect(list).toContain(found);
      expect(atMost).toBeGreaterThanOrEqual(list.length * share - 1e-6);
      expect(below).toBeLessThan(list.length * share);
    }),
  );
});

test('too few values have no quantile', () => {
  const values = (count: number) => Float64Array.from({ length: count }, (_, index) => index + 1);
  expect(quantile(values(1_000), 0.999)).toBe(999);
  expect(quantile(values(999), 0.999)).toBeNull();
  expect(quantile(values(100), 0.99)).toBe(99);
  expect(quantile(values(99), 0.99)).toBeNull();
  expect(quantile(values(0), 0.5)).toBeNull();
  expect(median([3, 1, 2])).toBe(2);
  expect(median([7])).toBe(7);
  expect(median([])).toBe(0);
});
