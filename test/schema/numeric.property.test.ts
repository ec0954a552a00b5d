import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactDigits, numberOf } from '../../src/schema/numeric.js';
import { codecOfFields } from './root-of.js';

const codec = codecOfFields('int64 i = 1; uint64 u = 2;');

function read(field: 'i' | 'u', value: number): unknown {
  try {
    return (codec.read({ [field]: value }) as Record<string, unknown>)[field];
  } catch {
    return undefined;
  }
}

test('a large number is the digits of its bigint where its type has it', () => {
  const large = fc.double({ min: 2 ** 53, max: 2 ** 65, noNaN: true }).map(Math.floor);
  const edges = fc.constantFrom(2 ** 53, 1e16, 2 ** 63, 2 ** 63 - 1_024, 1e19, 2 ** 64, 1e300);
  fc.assert(
    fc.property(fc.oneof(large, edges), fc.boolean(), (size, isNegative) => {
      const value = isNegative ? -size : size;
      const exact = BigInt(value);
      expect(read('i', value)).toBe(BigInt.asIntN(64, exact) === exact ? `${exact}` : undefined);
      expect(read('u', value)).toBe(BigInt.asUintN(64, exact) === exact ? `${exact}` : undefined);
    }),
    { numRuns: 20_000 },
  );
});

describe('a numeric text', () => {
  const digits = fc.stringMatching(/^[0-9]{0,24}0{0,6}$/);
  const numeric = fc
    .tuple(
      fc.constantFrom('', '', '-', '+'),
      digits,
      fc.constantFrom('', '.'),
      digits,
      fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?[0-9]{1,2}$/)),
    )
    .map((parts) => parts.join(''));
  const odd = fc.constantFrom(
    '',
    ' 1',
    '1 ',
    '0x10',
    '0B1',
    '0o7',
    '-0x1',
    'Infinity',
    '-Infinity',
  );
  const anything = fc.string({ unit: fc.constantFrom(...'0189.+-eExXbo In\n_٣') });

  test('is a number where each character is of one', () => {
    fc.assert(
      fc.property(fc.oneof(numeric, odd, anything), (text) => {
        expect(numberOf(text)).toBe(/^[\d.+\-eE]+$/.test(text) ? Number(text) : NaN);
      }),
      { numRuns: 20_000 },
    );
  });

  test('has the digits of the bigint that it stands for', () => {
    fc.assert(
      fc.property(numeric, (text) => {
        if (!Number(text)) return;
        const [significand, exponent = '0'] = text.toLowerCase().split('e') as [string, string?];
        const [whole, fraction = ''] = significand.split('.') as [string, string?];
        // Forty places more than there are, so that none is lost.
        const places = 40 + Number(exponent) - fraction.length;
        const scaled = BigInt(whole.replace(/[+-]/, '') + fraction) * 10n ** BigInt(places + 100);
        const unit = 10n ** 140n;
        const exact = scaled % unit === 0n ? scaled / unit : undefined;
        const found = exactDigits(text);
        if (exact === undefined) expect(found).toBeUndefined();
        else if (found === undefined) expect(exact).toBeGreaterThan(2n ** 64n);
        else expect(BigInt(found.replace(/[+-]/, ''))).toBe(exact);
      }),
      { numRuns: 20_000 },
    );
  });
});
