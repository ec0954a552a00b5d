import { expect, test } from 'vitest';
import { codecOfFields, violationsOf } from './root-of.js';

const FIELDS = 'string s = 1; map<string, string> m = 2; google.protobuf.Value v = 3; int32 n = 4;';
const BODIES = [
  { s: '\ud800' },
  { m: { '\udc00': 'x' } },
  { m: { x: 'a\ud800' } },
  { v: { '\ud800': 1 } },
  { v: ['\ud800'] },
];

test('an unpaired surrogate is refused wherever a string may be', () => {
  const codec = codecOfFields(FIELDS);
  for (const body of BODIES) {
    expect(violationsOf(() => codec.read(body))).toHaveLength(1);
    expect(violationsOf(() => codec.read({ ...body, n: null }))).toHaveLength(1);
  }
});

test('a caller who vouches for the text spares the search', () => {
  const codec = codecOfFields(FIELDS);
  for (const body of BODIES) {
    expect(codec.read(body, { wellFormed: true })).toBe(body);
    expect(codec.read({ ...body, n: null }, { wellFormed: true })).toStrictEqual(body);
  }
});
