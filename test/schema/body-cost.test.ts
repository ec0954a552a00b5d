import { afterEach, describe, expect, test, vi } from 'vitest';
import { JsonText } from '../../src/json/index.js';
import { codecOfFields } from './root-of.js';
import { leastCpu } from '../least-cpu.js';

/*
 * A body may hold a million of one small thing. What each costs beyond its parsing must not be a call
 * into the platform that costs a hundred characters' time.
 */

afterEach(() => vi.restoreAllMocks());

const TIME = 'google.protobuf.Timestamp';
const DURATION = 'google.protobuf.Duration';
const ANY = 'google.protobuf.Any';

/** How often expressions, Dates and bigints were asked while the fields were read. */
function dearCalls(fields: string, value: object): number {
  const codec = codecOfFields(fields);
  const spies = [
    vi.spyOn(RegExp.prototype, 'exec'),
    vi.spyOn(globalThis, 'BigInt'),
    vi.spyOn(globalThis, 'Date'),
    vi.spyOn(Object, 'entries'),
    vi.spyOn(Buffer, 'from'),
  ];
  codec.read(value);
  const calls = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  vi.restoreAllMocks();
  return calls;
}

const FORMS: [string, string[]][] = [
  [TIME, ['2024-02-29T12:00:00.123456789Z', '2024-02-29T12:00:00.1Z', '2024-03-01T00:00:00+02:00']],
  [DURATION, ['1s', '-0.5s', '0001.000000001s']],
  ['int32', ['1', '+1', '01', '1e5', '1.0']],
  ['int64', ['1', '+1', '9223372036854775807', '12345678901234567.0', '9.223372036854775e18']],
  ['uint64', ['18446744073709551615', '0018446744073709551615']],
  ['double', ['1', '1e5', '.5', 'NaN']],
  ['bytes', ['AA==', 'AA', '-_8', 'AAAA']],
];

describe('no expression, Date, bigint, list of entries or native decoder is needed', () => {
  test.each(FORMS)('for each %s', (type, texts) => {
    expect(dearCalls(`repeated ${type} f = 1;`, { f: texts })).toBe(0);
    const map = Object.fromEntries(texts.map((text, i) => [String(i), text]));
    // The null leads to the second look, which makes the canonical form.
    const body = { f: map, n: null };
    expect(dearCalls(`map<int64, ${type}> f = 1; int32 n = 2;`, body)).toBe(0);
  });

  test('for each key of a map', () => {
    const f = { '1': '1', '02': '1', '-3': '1', '9223372036854775807': '1', '0009': '1' };
    expect(dearCalls('map<int64, int32> f = 1;', { f })).toBe(0);
  });

  test('for each Any', () => {
    const f = ['Int32Value', 'Duration'].map((name, i) => ({
      '@type': `x/google.protobuf.${name}`,
      value: i === 0 ? 1 : '1s',
    }));
    const fields = `repeated ${ANY} f = 1;`;
    // Each message is built when it is first met; a hundred more of it cost nothing of the kind.
    const many = dearCalls(fields, { f: Array.from({ length: 50 }, () => f).flat() });
    expect(many).toBe(dearCalls(fields, { f }));
  });
});

test.each(['int32', 'int64', 'double'])('%s: a text of digits is looked at by its ends', (type) => {
  const codec = codecOfFields(`${type} f = 1;`);
  const looks = vi.spyOn(String.prototype, 'charCodeAt');
  for (const text of ['9'.repeat(100_000), `${'9'.repeat(100_000)}x`]) {
    expect(() => codec.read({ f: text })).toThrow('expected');
  }
  expect(looks.mock.calls.length).toBeLessThan(100);
});

test('bytes of neighbours do not overlap', () => {
  const codec = codecOfFields('repeated bytes f = 1;');
  const texts = Array.from({ length: 5_000 }, (_, i) => Buffer.from(`${i}`).toString('base64'));
  const { f } = codec.read({ f: texts }) as { f: Buffer[] };
  for (const bytes of f) bytes.reverse().reverse().fill(bytes[0]!);
  f.forEach((bytes, i) => {
    expect(bytes.toString()).toBe(String(i)[0]!.repeat(String(i).length));
    expect(Buffer.isBuffer(bytes)).toBe(true);
  });
});

test('short base64 is the same bytes as the native decoder gives, and refused alike', () => {
  const codec = codecOfFields('bytes f = 1;');
  const characters = ['A', 'b', '9', '+', '/', '-', '_', '=', '=', 'é', '中', ' ', '.'];
  const texts = [
    '',
    'A'.repeat(31),
    `${'aZ09'.repeat(8)}`,
    `${'aZ09'.repeat(8)}A`,
    `${'aZ09'.repeat(8)}AA`,
  ];
  for (const a of characters) {
    for (const b of characters) {
      for (const c of characters)
        texts.push(a + b, a + b + c, `AAA${a}${b}${c}=`, `${a}/+_${b}${c}A`);
    }
  }
  for (const text of texts) {
    const digits = text.split('=')[0]!;
    const isOfAlphabet = /^[A-Za-z0-9+/_-]*$/.test(digits);
    const isPadded = text.length > digits.length;
    const isWhole = digits.length % 4 === 0 ? !isPadded : digits.length % 4 > 1;
    const read = () => (codec.read({ f: text }) as { f: Buffer }).f;
    if (isOfAlphabet && isWhole) expect(read()).toEqual(Buffer.from(digits, 'base64'));
    else expect(read).toThrow('expected base64');
  }
});

describe('work grows with the items:', () => {
  const list = (type: string, item: string) =>
    [
      `${type} in a list`,
      `repeated ${type} f = 1;`,
      (n: number) => `[${Array(n).fill(item).join()}]`,
    ] as const;
  const map = (types: string, item: string) =>
    [
      `map<${types}>`,
      `map<${types}> f = 1;`,
      (n: number) => `{${Array.from({ length: n }, (_, i) => `"${i}":${item}`).join()}}`,
    ] as const;

  const cost = (codec: ReturnType<typeof codecOfFields>, json: string): number => {
    const bytes = Buffer.from(json);
    return leastCpu(() => {
      const text = JsonText.decode(bytes)!;
      codec.read(text.parse(), { wellFormed: true, text });
    });
  };

  test.each([
    list(TIME, '"2024-02-29T12:00:00+02:00"'),
    list(DURATION, '"01.5s"'),
    list('bytes', '"AA"'),
    list('int64', '"12345678901234567.0"'),
    list(ANY, '{"@type":"/google.protobuf.Duration","value":"1s"}'),
    map('int32, M', '{}'),
    map('int64, int64', '1'),
    map('int64, bytes', '"AA"'),
    map('string, int32', '"1"'),
  ])('%s', { timeout: 60_000 }, (_, fields, of) => {
    const codec = codecOfFields(fields);
    const [some, all] = [6_000, 96_000].map((n) => cost(codec, `{"f":${of(n)}}`));
    // Sixteen times for what is linear, 256 times for what is quadratic.
    expect(all! / some!).toBeLessThan(64);
  });
});
