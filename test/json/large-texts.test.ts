import { describe, expect, it } from 'vitest';
import { InvalidRequest } from '../../src/errors/index.js';
import { checkFreeValue, JsonText } from '../../src/json/index.js';
import { codecOfFields } from '../schema/root-of.js';

const many = (count: number, item: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => item(index)).join(',');

/** Bodies of `n` parts, each of which once held the event loop for longer the more there were. */
const BODIES: Record<string, (n: number) => string> = {
  'map keys': (n) => `{"labels":{${many(n, (i) => `"k${i}":"v"`)}}}`,
  'numeric map keys': (n) => `{"ids":{${many(n, (i) => `"${i * 7}":"v"`)}}}`,
  'map keys that are not canonical': (n) => `{"ids":{${many(n, (i) => `"0${i * 7}":"v"`)}}}`,
  'Struct keys': (n) => `{"extra":{${many(n, (i) => `"k${i}":1`)}}}`,
  'nested arrays': (n) => `{"list":${'['.repeat(n)}${']'.repeat(n)}}`,
  'arrays that nothing closes': (n) => `{"list":${'['.repeat(n)}`,
  'empty arrays': (n) => `{"list":[${many(n, () => '[]')}]}`,
  'unknown fields': (n) => `{${many(n, (i) => `"unknown${i}":${i}`)}}`,
  'wrong items': (n) => `{"items":[${many(n, () => '{"nope":1}')}]}`,
  'escaped quotes': (n) => `{"text":"${'\\"'.repeat(n)}"}`,
  backslashes: (n) => `{"text":"${'\\\\'.repeat(n)}"}`,
  'unicode escapes': (n) => `{"text":"${'\\u00e4'.repeat(n)}"}`,
  'strings of colons': (n) => `{"texts":[${many(n, () => '":::"')}]}`,
  'a key that stands twice': (n) => `{"labels":{${many(n, (i) => `"k${i}":"v"`)},"k0":"v"}}`,
  'large integers': (n) => `{"big":[${many(n, () => '9223372036854774784')}]}`,
  'changed doubles beside a large integer': (n) =>
    `{"xs":[${many(n, () => '9223372036854774785')}],"big":[9223372036854774784]}`,
  'changed integers below a long key': (n) =>
    `{"counts":{"${'k'.repeat(n)}":9007199254740993,${many(n / 10, (i) => `"${i}":9007199254740994`)}}}`,
  'large integers with a point': (n) => `{"big":[${many(n, () => '9223372036854774784.0')}]}`,
  'large integers with an exponent': (n) => `{"big":[${many(n, () => '9.223372036854774784e18')}]}`,
  'changed integers with a point': (n) => `{"big":[${many(n, () => '9007199254740993.0')}]}`,
  'halves beside a large integer': (n) =>
    `{"xs":[${many(n, () => '9007199254740992.5')}],"big":[9223372036854774784]}`,
  'a changed integer behind many': (n) =>
    `{"big":[${many(n, () => '9007199254740992.0')},9007199254740993.0]}`,
  'zeros behind a large integer': (n) => `{"big":[9007199254740992.${'0'.repeat(n)}]}`,
  'zeros of an exponent': (n) => `{"big":[1e${'0'.repeat(n)}18]}`,
  'a text that is no integer': (n) => `{"big":["${'9'.repeat(n)}x"],"ids":{"${'9'.repeat(n)}":""}}`,
  'Cyrillic text': (n) => `{"text":"${'ж'.repeat(n)}"}`,
  'Cyrillic strings': (n) => `{"texts":[${many(n, () => '"ж"')}]}`,
  'text of four bytes a character': (n) => `{"text":"${'\u{1f600}'.repeat(n)}"}`,
  'escaped quotes behind a colon': (n) => `{"text":":${'\\"'.repeat(n)}"}`,
  'backslashes behind a colon': (n) => `{"text":":${'\\\\'.repeat(n)}"}`,
  'quotes and colons': (n) => `{"text":"${'\\":'.repeat(n)}"}`,
  'unpaired surrogates': (n) => `{"text":"${'\\ud83d'.repeat(n)}"}`,
  'white space': (n) => `{"text":${' \n\t\r'.repeat(n)}""}`,
  'white space alone': (n) => ' '.repeat(n),
  'keys that are escaped': (n) => `{"labels":{${many(n, (i) => `"\\u006b${i}":"v"`)}}}`,
  'keys of a prototype': (n) => `{"list":[${many(n, () => '{"__proto__":1}')}]}`,
  'a key that stands twice, again and again': (n) => `{"list":[${many(n, () => '{"a":1,"a":1}')}]}`,
  'long digits': (n) => `{"big":["${'9'.repeat(n)}"],"xs":[${'9'.repeat(n)}]}`,
  'zeros before a digit': (n) => `{"big":["${'0'.repeat(n)}.${'0'.repeat(n)}1"]}`,
};

const codec = codecOfFields(`string text = 1; map<string, string> labels = 2;
  map<int32, string> ids = 3; google.protobuf.Struct extra = 4; google.protobuf.ListValue list = 5;
  repeated M items = 6; repeated string texts = 7; repeated int64 big = 8; repeated double xs = 9;
  map<string, int64> counts = 10;`);

function attempt(action: () => void): void {
  try {
    action();
  } catch (error) {
    if ((error as Error).name !== 'InvalidRequest' && !(error instanceof SyntaxError)) throw error;
  }
}

/** The least processor time of some tries, in microseconds. */
function cost(body: string, checked: boolean): number {
  const tries = Array.from({ length: 5 }, () => {
    const bytes = Buffer.from(body);
    const start = process.cpuUsage();
    attempt(() => {
      const text = JsonText.decode(bytes)!;
      const value = text.parse();
      if (checked) codec.read(value, { text });
      else checkFreeValue(value, text);
    });
    const { user, system } = process.cpuUsage(start);
    return user + system;
  });
  return Math.min(...tries);
}

describe.each([
  ['with a schema', true],
  ['without', false],
] as const)('the time a body takes %s', (_, checked) => {
  it.each(Object.keys(BODIES))('grows no faster than its size: %s', (what) => {
    const make = BODIES[what]!;
    cost(make(2_000), checked);
    const small = cost(make(4_000), checked);
    const large = cost(make(40_000), checked);
    // Ten times the size: a square would be a hundred times. What is too short to be told counts as 2 ms.
    expect(large / Math.max(small, 2_000)).toBeLessThan(40);
  });
});

it('of a body is not spent on what comes after the tenth violation', () => {
  let looks = 0;
  const items = Array.from({ length: 10_000 }, () => ({
    get text() {
      looks++;
      return 1;
    },
  }));
  attempt(() => codec.read({ items }));
  expect(looks).toBeLessThan(20);
});

it.each([
  ['zeros behind a point', `9007199254740992.${'0'.repeat(10_000_000)}`, '9007199254740992'],
  ['zeros taken back', `9007199254740992${'0'.repeat(1_000_000)}e-1000000`, '9007199254740992'],
])('a literal of megabytes is read to its end: %s', (_, literal, integer) => {
  const text = new JsonText(`{"big":[${literal}]}`);
  expect(codec.read(text.parse(), { text })).toEqual({ big: [integer] });
});

it('a literal of megabytes in which parsing changed a digit is refused', () => {
  const text = new JsonText(`{"big":[9007199254740993.${'0'.repeat(10_000_000)}]}`);
  expect(() => codec.read(text.parse(), { text })).toThrow(InvalidRequest);
});
