import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createCache } from 'cache-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MemoryStore, memoryStore } from '../../src/cache/index.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('memoryStore', () => {
  it('holds so many entries and drops the one not used for longest', async () => {
    const store = memoryStore(3);
    for (const key of ['a', 'b', 'c']) await store.set(key, key);
    await store.get('a');
    store.write('d', 'd', 1_000);
    expect(await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.get(key)))).toEqual([
      'a',
      undefined,
      'c',
      'd',
    ]);
    store.read('a');
    await store.set('e', 'e');
    expect(store.read('c')).toBeUndefined();
    expect(store.read('a')).toBe('a');
  });

  it('holds nothing before its first entry, and can be asked, emptied and cleared all the same', async () => {
    const store = memoryStore(3);
    expect(store.heldBytes).toBe(0);
    expect([store.read('a'), await store.get('a')]).toEqual([undefined, undefined]);
    expect(await store.delete('a')).toBe(false);
    await store.clear();
    await store.set('a', 'a');
    expect(store.read('a')).toBe('a');
  });

  it.each([
    ['Keyv', async (key: string, ttl: number) => memory.set(key, 'x', ttl)],
    ['write', async (key: string, ttl: number) => memory.write(key, 'x', ttl)],
  ])('keeps what %s stored for its ttl in milliseconds', async (_, set) => {
    await set('short', 1_000);
    await set('long', 2_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(memory.read('short')).toBe('x');
    expect(await memory.get('short')).toBe('x');
    await vi.advanceTimersByTimeAsync(2);
    expect(memory.read('short')).toBeUndefined();
    expect(await memory.get('short')).toBeUndefined();
    expect(memory.read('long')).toBe('x');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await memory.get('long')).toBeUndefined();
  });
  const memory = memoryStore(10);

  it('shows one content through Keyv, through cache-manager and without promises', async () => {
    const store = memoryStore(10);
    const cache = createCache({ stores: [store], ttl: 1_000 });
    store.write('a', 'A', 5_000);
    await cache.set('b', 'B');
    expect(await cache.get('a')).toBe('A');
    expect(store.read('b')).toBe('B');
    await cache.del('a');
    expect(store.read('a')).toBeUndefined();
    await cache.clear();
    expect(store.read('b')).toBeUndefined();
    expect(await store.has('b')).toBe(false);
  });
});

describe('maxBytes', () => {
  const MiB = 2 ** 20;

  /** Texts of their own, as answers are. */
  const text = (length: number, filler: string, n: number) =>
    JSON.stringify({ n, text: filler.repeat(length) });

  it('drops the values not used for longest, and counts what is gone no more', async () => {
    const store = memoryStore(1_000, 40_000);
    for (const key of ['a', 'b', 'c']) store.write(key, text(10_000, 'x', 1), 1_000);
    store.read('a');
    store.write('d', text(10_000, 'x', 1), 1_000);
    expect(['a', 'b', 'c', 'd'].filter((key) => store.read(key) !== undefined)).toEqual([
      'a',
      'c',
      'd',
    ]);
    store.write('a', 'x', 1_000); // makes room
    store.write('b', text(10_000, 'x', 1), 1_000);
    expect(['a', 'b', 'c', 'd'].every((key) => store.read(key) !== undefined)).toBe(true);
    await store.delete('a');
    await store.clear();
    expect(store.heldBytes).toBe(0);
  });

  it('keeps out what is larger by itself, and nothing else', async () => {
    const store = memoryStore(1_000, 10_000);
    store.write('small', 'x', 1_000);
    store.write('large', 'old', 1_000);
    store.write('large', text(10_000, 'x', 1), 1_000);
    await store.set('large too', text(10_000, 'x', 1));
    expect(store.read('large')).toBeUndefined();
    expect(store.read('large too')).toBeUndefined();
    expect(store.read('small')).toBe('x');
  });

  it('counts keys', () => {
    const store = memoryStore(1_000, 10_000);
    for (let n = 0; n < 100; n++) store.write('k'.repeat(1_000) + n, '', 1_000);
    expect(store.read('k'.repeat(1_000) + 99)).toBe('');
    expect(store.read('k'.repeat(1_000) + 89)).toBeUndefined();
  });

  it('sets no room aside for more entries than it could hold', () => {
    const before = process.memoryUsage().arrayBuffers;
    const store = memoryStore(2 ** 24, 10_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MiB);
    expect(store.read('a')).toBeUndefined();
  });

  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  function memoryInUse(): number {
    for (let time = 0; time < 3; time++) collectGarbage();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }

  it.each<[string, (n: number) => unknown]>([
    ['short texts', (n) => text(60, 'x', n)],
    ['texts', (n) => text(2_000, 'x', n)],
    ['Latin-1 texts', (n) => text(2_000, 'ü', n)],
    ['texts beyond Latin-1', (n) => text(2_000, '世', n)],
    ['a single character beyond it', (n) => `${text(2_000, 'x', n)}世`],
    ['vectors', (n) => JSON.stringify(Array.from({ length: 1_000 }, (_, i) => (n + i) / 3))],
    ['long texts', (n) => text(300_000, 'x', n)],
    ['objects of the app', (n) => ({ n, list: [n / 3, { text: text(99, 'x', n) }, 1, 2, 3] })],
    ['arrays of the app', (n) => Array.from({ length: 500 }, (_, i) => (n + i) / 3)],
    ['buffers of the app', (n) => Buffer.alloc(3_000, n)],
    ['maps of the app', (n) => new Map(Array.from({ length: 50 }, (_, i) => [i, `${n}.${i}`]))],
  ])('is what the process holds, within a fifth: %s', (_, make) => {
    vi.useRealTimers();
    const limit = 24 * MiB;
    const before = memoryInUse();
    const store = new MemoryStore(1_000_000, limit);
    for (let n = 0, full = false; !full; n++) {
      expect(n, 'entries, and still room').toBeLessThan(200_000);
      const held = store.heldBytes;
      store.write(`${n}`.padEnd(43, '-'), make(n), 60_000);
      full = store.heldBytes <= held; // something had to go
    }
    const held = memoryInUse() - before;
    expect(held / store.heldBytes).toBeGreaterThan(0.8);
    expect(held / store.heldBytes).toBeLessThan(1.2);
    expect(store.heldBytes).toBeLessThanOrEqual(limit);
    expect(store.read('0')).toBeUndefined(); // and keeps it in memory until here
  });
});
