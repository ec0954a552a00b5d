import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codecOfFields } from './root-of.js';

/*
 * Against a slow reference of expressions, BigInt and the platform's own calendar.
 */

const TIMESTAMP =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;
const DURATION = /^(-?)([0-9]+)(?:\.([0-9]{1,9}))?s$/;
const NANOS = 1_000_000_000n;

function expectedTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as number[];
  const date = new Date(0);
  date.setUTCFullYear(year!, month! - 1, day);
  date.setUTCHours(hour!, minute, second);
  // What a Date normalises is no day, hour, minute or second that there is.
  if (!date.toISOString().endsWith(`${text.slice(4, 19)}.000Z`)) return undefined;
  const [hours, minutes] = [Number(match[9] ?? 0), Number(match[10] ?? 0)];
  if (hours > 23 || minutes > 59) return undefined;
  const ahead = (hours * 60 + minutes) * (match[8] === '-' ? -1 : 1);
  const utc = new Date(date.getTime() - ahead * 60_000);
  if (utc.getUTCFullYear() < 1 || utc.getUTCFullYear() > 9999) return undefined;
  return utc.toISOString().replace('.000Z', `${expectedFraction(match[7])}Z`);
}

function expectedDuration(text: string): string | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const seconds = BigInt(match[2]!);
  if (seconds > 315_576_000_000n) return undefined;
  const nanos = seconds * NANOS + BigInt((match[3] ?? '').padEnd(9, '0'));
  return `${nanos === 0n ? '' : match[1]}${seconds}${expectedFraction(match[3])}s`;
}

function expectedFraction(digits = ''): string {
  return `.${digits.padEnd(9, '0')}`.replace(/(?:000){1,3}$/, '').replace(/^\.$/, '');
}

const timestamps = codecOfFields('google.protobuf.Timestamp t = 1;');
const durations = codecOfFields('google.protobuf.Duration t = 1;');

function canonical(codec: typeof timestamps, t: string): string | undefined {
  try {
    return (codec.read({ t }) as { t: string }).t;
  } catch {
    return undefined;
  }
}

const number = (max: number, digits: number) =>
  fc.integer({ min: 0, max }).map((value) => String(value).padStart(digits, '0'));
const edge = <T>(...values: T[]) => fc.constantFrom(...values);
const fraction = fc.oneof(
  fc.constant(''),
  fc.stringMatching(/^\.[0-9]{0,10}$/),
  fc.stringMatching(/^\.[0-9]{1,3}0{0,7}$/),
);
const zone = fc.oneof(
  edge('Z', '+00:00', '-00:00', '', 'z', '+2:00', '+0200', '+02-00', '+24:00', '+02:60', 'Z '),
  fc.tuple(edge('+', '-', ' '), number(24, 2), number(60, 2)).map(([s, h, m]) => `${s}${h}:${m}`),
);
const timestamp = fc
  .tuple(
    fc.oneof(edge('0000', '0001', '0004', '1900', '2000', '2024', '9999'), number(9999, 4)),
    fc.oneof(edge('01', '02', '03', '12'), number(13, 2)),
    fc.oneof(edge('01', '28', '29', '30', '31'), number(32, 2)),
    fc.oneof(edge('00', '23'), number(24, 2)),
    number(60, 2),
    number(60, 2),
    fraction,
    zone,
  )
  .map(
    ([year, month, day, hour, minute, second, rest, end]) =>
      `${year}-${month}-${day}T${hour}:${minute}:${second}${rest}${end}`,
  );

/** One character is another, more, or gone. */
const spoilt = (texts: fc.Arbitrary<string>) =>
  fc
    .tuple(
      texts,
      fc.nat(40),
      fc.nat(1),
      fc.constantFrom('', '0', ':', '-', '.', '/', 'T', 's', '٣'),
    )
    .map(([text, at, gone, put]) => text.slice(0, at) + put + text.slice(at + gone));

const seconds = fc.oneof(
  fc.stringMatching(/^-?[0-9]{0,14}$/),
  fc.stringMatching(/^-?0{0,30}[0-9]{1,3}$/),
  edge('315576000000', '315576000001', '-315576000000', '0', '-0', '-00', '+1', '9'.repeat(400)),
);
const duration = fc
  .tuple(seconds, fraction, edge('s', 's', 's', 's', '', 'S', 'ss', ' s'))
  .map((parts) => parts.join(''));

describe('against a slow reference', () => {
  test.each([
    ['timestamps', timestamps, expectedTimestamp, timestamp],
    ['durations', durations, expectedDuration, duration],
  ])('%s are canonical and refused alike', (_what, codec, expected, texts) => {
    const seen = { canonical: 0, changed: 0, refused: 0 };
    fc.assert(
      fc.property(fc.oneof(texts, spoilt(texts)), (text) => {
        const own = canonical(codec, text);
        expect(own).toBe(expected(text));
        if (own === undefined) seen.refused++;
        else {
          seen[own === text ? 'canonical' : 'changed']++;
          expect(canonical(codec, own)).toBe(own);
        }
      }),
      { numRuns: 20_000 },
    );
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(50);
  });

  test('each day of a leap and a common year, led over midnight', () => {
    for (const year of ['1900', '2000', '2023', '2024', '0001', '9999']) {
      for (let month = 1; month <= 12; month++) {
        for (let day = 0; day <= 32; day++) {
          const date = [year, ...[month, day].map((part) => String(part).padStart(2, '0'))].join(
            '-',
          );
          for (const rest of ['T00:00:00+00:01', 'T23:59:59.1-00:01', 'T12:00:00Z']) {
            expect(canonical(timestamps, date + rest)).toBe(expectedTimestamp(date + rest));
          }
        }
      }
    }
  });
});
