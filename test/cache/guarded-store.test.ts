import { createCache } from 'cache-manager';
import { Keyv } from 'keyv';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GuardedStore, memoryStore, type CacheLike } from '../../src/cache/index.js';

const TIMEOUT = 250;
const ENTRY = { text: '{"a":1}', storedAt: 1_700_000_000_000 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A Keyv over a Map whose every operation can be made to fail or to hang. */
class Patient extends Map<string, unknown> {
  ill: 'dead' | 'hanging' | 'slow' | 'forgetful' | undefined;
  operations = 0;

  async operate<T>(work: () => T): Promise<T> {
    this.operations++;
    if (this.ill === 'dead') throw new Error('connection refused');
    if (this.ill === 'hanging') return new Promise(() => {});
    if (this.ill === 'slow') await new Promise((resolve) => setTimeout(resolve, TIMEOUT + 50));
    return work();
  }
}

function makePatient() {
  const patient = new Patient();
  const keyv = new Keyv({
    store: {
      opts: {},
      get: (key: string) => patient.operate(() => patient.get(key)),
      set: (key: string, value: unknown) =>
        patient.operate(() => void (patient.ill === 'forgetful' || patient.set(key, value))),
      delete: (key: string) => patient.operate(() => patient.delete(key)),
      clear: () => patient.operate(() => patient.clear()),
    },
    throwOnErrors: true,
  });
  return { patient, keyv };
}

function guard(cache: CacheLike) {
  const log = { warn: vi.fn<(message: string) => void>(), log: vi.fn<(message: string) => void>() };
  return { log, store: new GuardedStore(cache, { timeout: TIMEOUT, log }) };
}

function setUp() {
  const { patient, keyv } = makePatient();
  return { patient, keyv, ...guard(createCache({ stores: [keyv] })) };
}

/** Lets what is not waiting for a clock come to its end. */
const settle = () => vi.advanceTimersByTimeAsync(0);

async function stored(store: GuardedStore, key: string) {
  store.set(key, ENTRY, 60_000);
  await settle();
}

describe('a store that works', () => {
  it('gives what was set, until its ttl', async () => {
    const { store, log } = setUp();
    await stored(store, 'key');
    expect(await store.get('key')).toEqual(ENTRY);
    expect(await store.get('other')).toBeUndefined();
    await vi.advanceTimersByTimeAsync(60_001);
    expect(await store.get('key')).toBeUndefined();
    expect(log.warn).not.toHaveBeenCalled();
  });

  it('leaves no timer behind', async () => {
    const { store } = setUp();
    await stored(store, 'key');
    await store.get('key');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is not called slow where the event loop was held', async () => {
    vi.useRealTimers();
    const { store, log } = guard({
      // Answers by way of the event loop, as a socket does.
      get: <T>() => new Promise<T>((resolve) => setImmediate(() => resolve(undefined as T))),
      set: async (_, value) => value,
    });
    // From here on, expired timers come before anything that has arrived.
    await new Promise((resolve) => setImmediate(resolve));
    const failed = vi.fn();
    const read = store.get('key', failed);
    for (const end = performance.now() + TIMEOUT + 20; performance.now() < end;);
    expect(await read).toBeUndefined();
    expect(failed).not.toHaveBeenCalled();
    expect(log.warn).not.toHaveBeenCalled();
  });
});

describe('the store in memory', () => {
  it('is read and written at once', () => {
    const { store } = guard(createCache({ stores: [memoryStore(10)] }));
    store.set('key', ENTRY, 60_000);
    expect(store.get('key')).toEqual(ENTRY);
    expect(store.get('other')).toBeUndefined();
  });

  it('is cleared through the cache', async () => {
    const cache = createCache({ stores: [memoryStore(10)] });
    const { store } = guard(cache);
    store.set('key', ENTRY, 60_000);
    await cache.clear();
    expect(store.get('key')).toBeUndefined();
  });

  it('serves what a dead store behind it cannot', async () => {
    const { patient, keyv } = makePatient();
    const { store } = guard(createCache({ stores: [memoryStore(10), keyv] }));
    patient.ill = 'dead';
    await stored(store, 'key');
    const failed = vi.fn();
    expect(store.get('key', failed)).toEqual(ENTRY);
    expect(failed).not.toHaveBeenCalled();
    expect(await store.get('other', failed)).toBeUndefined();
    expect(failed).toHaveBeenCalledTimes(1);
  });
});

describe('an outage', () => {
  it.each(['dead', 'hanging', 'slow'] as const)('of a %s store makes misses', async (ill) => {
    const { patient, store } = setUp();
    await stored(store, 'key');
    patient.ill = ill;
    const failed = vi.fn();
    const read = store.get('key', failed);
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    expect(await read).toBeUndefined();
    expect(failed).toHaveBeenCalledTimes(1);
  });

  it.each(['dead', 'hanging', 'slow'] as const)('of a %s store is told once', async (ill) => {
    const { patient, store, log } = setUp();
    await stored(store, 'key');
    patient.ill = ill;
    for (let second = 0; second < 60; second++) {
      void store.get('key');
      store.set(`${second}`, ENTRY, 60_000);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.log).not.toHaveBeenCalled();
  });

  it('makes the first requests wait, and no others', async () => {
    const { patient, store } = setUp();
    patient.ill = 'hanging';
    const first = [store.get('a'), store.get('b')];
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    expect(await Promise.all(first)).toEqual([undefined, undefined]);
    const failed = vi.fn();
    expect(store.get('a', failed)).toBeUndefined(); // at once, not a promise
    expect(failed).toHaveBeenCalledTimes(1);
  });

  it('lets no operations pile up', async () => {
    const { patient, store } = setUp();
    patient.ill = 'hanging';
    void store.get('a');
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    const before = patient.operations;
    for (let second = 0; second < 600; second++) {
      for (let call = 0; call < 10; call++) {
        void store.get('a');
        store.set('a', ENTRY, 1_000);
      }
      await vi.advanceTimersByTimeAsync(1_000);
    }
    // One probe in 30 s.
    expect(patient.operations - before).toBeLessThanOrEqual(21);
  });

  it('drops writes beyond a bound where a store takes none and nobody reads', async () => {
    const { patient, store } = setUp();
    patient.ill = 'hanging';
    const failed = vi.fn();
    for (let call = 0; call < 1_500; call++) store.set(`${call}`, ENTRY, 1_000, failed);
    await settle();
    expect(patient.operations).toBe(1_000);
    expect(failed).toHaveBeenCalledTimes(500);
  });

  it.each(['dead', 'hanging', 'slow', 'forgetful'] as const)(
    'of a %s store ends when it is well again, and is told of again when it returns',
    async (ill) => {
      const { patient, store, log } = setUp();
      for (let outage = 1; outage <= 2; outage++) {
        store.set('key', ENTRY, 3_600_000);
        await settle();
        expect(await store.get('key')).toEqual(ENTRY);
        patient.ill = 'dead';
        await Promise.all([store.get('key'), settle()]);
        patient.ill = ill;
        for (let call = 0; call < 4; call++) {
          await vi.advanceTimersByTimeAsync(31_000);
          expect(await store.get('key')).toBeUndefined();
        }
        expect(log.warn).toHaveBeenCalledTimes(outage);
        expect(log.log).toHaveBeenCalledTimes(outage - 1);
        patient.ill = undefined;
        void store.get('key'); // makes it look
        await vi.advanceTimersByTimeAsync(31_000);
        void store.get('key');
        await settle();
        expect(await store.get('key')).toEqual(ENTRY);
        expect(log.log).toHaveBeenCalledTimes(outage);
        await vi.advanceTimersByTimeAsync(1_000);
      }
    },
  );

  it('is noticed by an error event before a request has to wait', async () => {
    const { patient, keyv, store, log } = setUp();
    patient.ill = 'dead';
    keyv.emit('error', new Error('socket closed'));
    await settle();
    expect(log.warn).toHaveBeenCalledTimes(1);
    const operations = patient.operations;
    expect(store.get('key')).toBeUndefined();
    expect(patient.operations).toBe(operations);
  });

  it('is noticed where Keyv turns errors into misses, and told with its cause', async () => {
    const { patient, keyv, store, log } = setUp();
    keyv.throwOnErrors = false;
    patient.ill = 'dead';
    expect(await store.get('key')).toBeUndefined();
    await stored(store, 'key');
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.warn.mock.calls[0]![0]).toContain('connection refused');
    expect(store.get('key')).toBeUndefined();
  });

  it('counts a read that came back empty while the store told of an error', async () => {
    const { patient, keyv, store } = setUp();
    keyv.throwOnErrors = false;
    patient.ill = 'dead';
    const failed = vi.fn();
    const read = store.get('key', failed);
    keyv.emit('error', new Error('connection refused')); // as @keyv/redis does, and returns nothing
    await read;
    expect(failed).toHaveBeenCalledTimes(1);
  });

  it('of two stores costs no more than that of one', async () => {
    const [one, other] = [makePatient(), makePatient()];
    const { store } = guard(createCache({ stores: [one.keyv, other.keyv] }));
    one.patient.ill = other.patient.ill = 'hanging';
    const failed = vi.fn();
    const read = store.get('key', failed);
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    expect(await read).toBeUndefined();
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    expect(failed).toHaveBeenCalledTimes(1);
  });
});

describe('a failure of one entry', () => {
  const throwing = new Proxy(
    {},
    {
      get: () => {
        throw new Error('a trap');
      },
      getPrototypeOf: () => {
        throw new Error('a trap');
      },
    },
  );

  it('is no outage', async () => {
    const { keyv, patient, store, log } = setUp();
    await stored(store, 'good');
    await stored(store, 'key');
    const { value: good } = JSON.parse(patient.get('keyv:good') as string);
    const { value: own } = JSON.parse(patient.get('keyv:key') as string);
    const garbage = [
      42,
      '',
      'text',
      {},
      [],
      true,
      '12:3:cut off',
      '1:x:1',
      'x:1:1',
      '{"a":1}',
      good, // another key's
      own.slice(0, -1), // cut short
      `${own} `,
      own.replace('"a"', '"b"'),
      own.replace('170', '180'),
      own.slice(own.indexOf(':') + 1), // of a version without seals
      { text: ENTRY.text, storedAt: ENTRY.storedAt },
      'x'.repeat(100 * 2 ** 20),
    ];
    const failed = vi.fn();
    for (const value of garbage) {
      await keyv.set('key', value);
      expect(await store.get('key', failed)).toBeUndefined();
    }
    patient.set('keyv:key', 'not what Keyv wrote');
    expect(await store.get('key', failed)).toBeUndefined();
    await settle();
    expect(failed).toHaveBeenCalledTimes(garbage.length + 1);
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(await store.get('good')).toEqual(ENTRY);
    await keyv.set('key', own);
    expect(await store.get('key')).toEqual(ENTRY);
    await vi.advanceTimersByTimeAsync(60_001);
    await keyv.set('key', '');
    for (let read = 0; read < 5; read++) await store.get('key', failed);
    expect(log.warn).toHaveBeenCalledTimes(2);
    expect(log.log).not.toHaveBeenCalled();
  });

  it.each([
    ['an error', () => new Error('no')],
    ['an error without words', () => new Error('')],
    ['null', () => null],
    ['undefined', () => undefined],
    ['an object without a prototype', () => Object.create(null)],
    ['a Proxy whose traps throw', () => throwing],
    ['a symbol', () => Symbol('no')],
    ['a very long error', () => new Error('x'.repeat(2 ** 20))],
  ])('may be %s thrown, and is told in a short line', async (_, error) => {
    let ill = true;
    const entries = new Map<string, unknown>();
    const { store, log } = guard({
      get: async <T>(key: string) => {
        if (ill && key === 'key') throw error();
        return entries.get(key) as T;
      },
      set: async (key, value) => (entries.set(key, value), value),
    });
    await stored(store, 'key');
    const failed = vi.fn();
    for (let read = 0; read < 3; read++) {
      expect(await store.get('key', failed)).toBeUndefined();
      await settle();
    }
    expect(failed).toHaveBeenCalledTimes(3);
    expect(log.warn).toHaveBeenCalledTimes(1);
    expect(log.warn.mock.calls[0]![0].length).toBeLessThan(500);
    ill = false;
    expect(await store.get('key')).toEqual(ENTRY);
  });

  it('that is as large as to come too late is not read again before it is overwritten', async () => {
    const { patient, keyv, store, log } = setUp();
    await keyv.set('key', 'x'.repeat(1_000));
    patient.ill = 'slow';
    const failed = vi.fn();
    void store.get('key', failed);
    await vi.advanceTimersByTimeAsync(TIMEOUT + 1);
    patient.ill = undefined;
    for (let turn = 0; turn < 3; turn++) {
      await vi.advanceTimersByTimeAsync(31_000);
      expect(await store.get('key', failed)).toBeUndefined();
    }
    expect(failed).toHaveBeenCalledTimes(4);
    const { operations } = patient;
    expect(await store.get('key')).toBeUndefined();
    expect(patient.operations).toBe(operations);
    await stored(store, 'key');
    expect(await store.get('key')).toEqual(ENTRY);
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  it('of a store that comes and goes is told once a minute', async () => {
    const { patient, store, log } = setUp();
    for (let second = 0; second < 118; second++) {
      patient.ill = second % 4 < 2 ? 'dead' : undefined;
      void store.get('key');
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(log.warn.mock.calls.length).toBe(2);
  });
});

describe('a cache of an app’s own', () => {
  it('needs no stores', async () => {
    const entries = new Map<string, unknown>();
    const { store } = guard({
      get: async <T>(key: string) => entries.get(key) as T,
      set: async (key, value) => (entries.set(key, value), value),
    });
    await stored(store, 'key');
    expect(await store.get('key')).toEqual(ENTRY);
  });

  it('may throw where it should reject', async () => {
    const { store, log } = guard({
      get: () => {
        throw new Error('not ready');
      },
      set: () => {
        throw new Error('not ready');
      },
    });
    store.set('key', ENTRY, 1_000);
    expect(await store.get('key')).toBeUndefined();
    await settle();
    expect(log.warn).toHaveBeenCalledTimes(1);
  });
});
