import { describe, expect, it } from 'vitest';
import { directivesOf } from '../../src/cache/index.js';
import { leastCpu } from '../least-cpu.js';

describe('directivesOf', () => {
  it.each<[string | string[] | undefined, boolean, boolean]>([
    [undefined, false, false],
    ['', false, false],
    ['no-cache', true, false],
    ['NO-STORE', false, true],
    ['\t no-cache \t,, no-store', true, true],
    [['max-age=0', 'no-store'], false, true],
    ['no-cache=1', false, false],
    ['x-no-cache, no-stored', false, false],
    ['no cache', false, false],
  ])('reads %j', (header, noCache, noStore) => {
    expect(directivesOf(header)).toEqual({ noCache, noStore });
  });

  it.each<[string, (size: number) => string]>([
    ['blanks', (size) => ' '.repeat(size)],
    ['blanks within', (size) => `a${' '.repeat(size)}b`],
    ['tabs before a comma', (size) => `a${'\t'.repeat(size)},`],
    ['commas', (size) => ','.repeat(size)],
    ['commas and blanks', (size) => ' ,'.repeat(size / 2)],
    ['blanks around commas', (size) => `${' '.repeat(99)},${' '.repeat(99)}`.repeat(size / 200)],
    ['quotes', (size) => '"'.repeat(size)],
    ['a directive over and over', (size) => 'no-cach,'.repeat(size / 8)],
  ])('costs in proportion to the header: %s', (_, make) => {
    const cost = (size: number) => leastCpu(() => directivesOf(make(size)));
    cost(16_384);
    expect(cost(16 * 16_384) / cost(16_384)).toBeLessThan(64);
  });
});
