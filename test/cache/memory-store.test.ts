import { createCache } from 'cache-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryStore } from '../../src/cache/index.js';

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
