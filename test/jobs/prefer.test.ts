import { expect, it } from 'vitest';
import { preferencesOf } from '../../src/jobs/prefer.js';

it.each([
  [undefined, false, undefined],
  ['respond-async', true, undefined],
  ['Respond-Async, WAIT=10', true, 10_000],
  ['wait="7"; foo=bar , return=minimal;x=",", respond-async=', true, 7_000],
  [['wait=1', 'respond-async'], true, 1_000],
  ['wait=1, wait=2', false, 1_000],
  ['foo="x, respond-async, y", wait=2', false, 2_000],
  ['respond-async; foo="a, wait=5; b"; c, wait=3', true, 3_000],
  [String.raw`foo="\", respond-async, \"" ; x, wait = 4`, false, 4_000],
  ['foo="never closed, respond-async', false, undefined],
  ['respond-async, foo="\\', true, undefined],
  [' ,, respond-async ,;,"', true, undefined],
  ['wait=soon, respond-asynchronously', false, undefined],
  ['wait=-1', false, undefined],
  ['respond-async, wait=12345678901', true, 12_345_678_901_000],
  ['', false, undefined],
])('reads the preferences of %j', (header, respondAsync, wait) => {
  expect(preferencesOf(header)).toEqual({ respondAsync, wait });
});

it('reads a long one in no time that grows with its square', () => {
  const spaces = ' '.repeat(200_000);
  expect(preferencesOf(`a${spaces}=${spaces}b${spaces};`)).toEqual({
    respondAsync: false,
    wait: undefined,
  });
});
