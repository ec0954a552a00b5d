import { createKeyv } from '@keyv/redis';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAppCache, GuardedStore, resolveCacheOptions } from '../../src/cache/index.js';
import { freePort, redisMissing, startRedis, type RedisServer } from '../redis-server.js';

const TIMEOUT = 500;
/** What a call may take on a busy machine; without the guard it would be seconds, or for ever. */
const GENEROUS = 4 * TIMEOUT;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function openStore(port: number) {
  const keyv = createKeyv(`redis://127.0.0.1:${port}`);
  const options = resolveCacheOptions({ stores: [keyv], timeout: TIMEOUT }, 'test');
  const cache = createAppCache(options);
  const log = { warn: vi.fn<(message: string) => void>(), log: vi.fn<(message: string) => void>() };
  cleanups.push(() => cache.onApplicationShutdown());
  return { cache, keyv, log, store: new GuardedStore(cache, { timeout: TIMEOUT, log }) };
}

async function start(port?: number): Promise<RedisServer> {
  const redis = await startRedis(port === undefined ? {} : { port });
  cleanups.push(() => redis.stop());
  return redis;
}

type Opened = ReturnType<typeof openStore>;

async function timed<T>(call: () => T): Promise<{ value: Awaited<T>; took: number }> {
  const begun = performance.now();
  const value = await call();
  return { value, took: performance.now() - begun };
}

/** Writes and reads until an entry comes back; resolves to the longest a call took meanwhile. */
async function untilServed({ store }: Opened): Promise<number> {
  let longest = 0;
  for (;;) {
    const { value, took } = await timed(() => store.get('served'));
    longest = Math.max(longest, took);
    if (value) return longest;
    store.set('served', { text: '1', storedAt: 1 }, 60_000);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Bounded load: `workers` callers in a row, each `calls` times get and set; the longest get counts. */
async function load({ store }: Opened, workers: number, calls: number, during: () => unknown) {
  let longest = 0;
  let failures = 0;
  const work = async (worker: number): Promise<void> => {
    for (let call = 0; call < calls; call++) {
      const key = `${worker}:${call % 10}`;
      const { took } = await timed(() => store.get(key, () => void failures++));
      store.set(key, { text: `"${key}"`, storedAt: 1 }, 60_000);
      longest = Math.max(longest, took);
      if (worker === 0 && call === Math.floor(calls / 4)) await during();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
  return { longest, failures };
}

describe.skipIf(redisMissing)(`a store in Redis ${redisMissing || ''}`, () => {
  it('keeps entries', async () => {
    const redis = await start();
    const opened = openStore(redis.port);
    const entry = { text: '{"text":"ü 😀 \\" :","n":[1,2]}', storedAt: 1_700_000_000_000 };
    opened.store.set('key', entry, 60_000);
    await vi.waitFor(async () => expect(await opened.store.get('key')).toEqual(entry));
    expect(await opened.store.get('other')).toBeUndefined();
    expect(opened.log.warn).not.toHaveBeenCalled();
  });

  it('may be down when the app starts, and is used when it comes', async () => {
    const port = await freePort();
    const opened = openStore(port);
    const failed = vi.fn();
    for (let call = 0; call < 5; call++) {
      const { value, took } = await timed(() => opened.store.get('key', failed));
      expect(value).toBeUndefined();
      expect(took).toBeLessThan(GENEROUS);
      opened.store.set('key', { text: '1', storedAt: 1 }, 60_000);
    }
    expect(failed).toHaveBeenCalledTimes(5);
    expect(opened.log.warn).toHaveBeenCalledTimes(1);

    await start(port);
    expect(await untilServed(opened)).toBeLessThan(GENEROUS);
    expect(opened.log.warn).toHaveBeenCalledTimes(1);
    expect(opened.log.log).toHaveBeenCalledTimes(1);
  });

  it('may be killed under load, and come back', async () => {
    const redis = await start();
    const opened = openStore(redis.port);
    await untilServed(opened);
    await opened.cache.clear();

    const { longest, failures } = await load(opened, 8, 200, () => redis.kill('SIGKILL'));
    expect(longest).toBeLessThan(GENEROUS);
    expect(failures).toBeGreaterThan(0);
    expect(opened.log.warn).toHaveBeenCalledTimes(1);

    await start(redis.port);
    await untilServed(opened);
    expect(opened.log.warn).toHaveBeenCalledTimes(1);
    expect(opened.log.log).toHaveBeenCalledTimes(1);
  });

  it('may hang under load, and go on', async () => {
    const redis = await start();
    const opened = openStore(redis.port);
    await untilServed(opened);

    const begun = performance.now();
    const { longest, failures } = await load(opened, 8, 200, () => redis.pause());
    expect(longest).toBeLessThan(GENEROUS);
    expect(failures).toBeGreaterThan(8);
    // 8 x 150 calls in a row that each waited for the limit would take over half a minute.
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(opened.log.warn).toHaveBeenCalledTimes(1);
    expect(opened.log.warn.mock.calls[0]![0]).toContain(`no answer within ${TIMEOUT} ms`);

    redis.resume();
    await untilServed(opened);
    expect(opened.log.warn).toHaveBeenCalledTimes(1);
    expect(opened.log.log).toHaveBeenCalledTimes(1);
  });

  it('may hold what others wrote there', async () => {
    const redis = await start();
    const opened = openStore(redis.port);
    const failed = vi.fn();
    for (const garbage of [42, 'text', '', { text: 1 }, [], true, '1:5:cut', '1:x:1']) {
      await opened.cache.set('key', garbage, 60_000);
      expect(await opened.store.get('key', failed)).toBeUndefined();
    }
    // Not even Keyv can read this.
    const client = (opened.keyv.store as import('@keyv/redis').default<unknown>).client as {
      set(key: string, value: string): Promise<unknown>;
    };
    await client.set('key', '{"value":"1:');
    expect(await opened.store.get('key', failed)).toBeUndefined();
    expect(failed).toHaveBeenCalledTimes(9);
    // Told once, and not taken for an outage.
    expect(opened.log.warn).toHaveBeenCalledTimes(1);
    expect(opened.log.log).not.toHaveBeenCalled();
    opened.store.set('key', { text: '"good"', storedAt: 5 }, 60_000);
    await vi.waitFor(async () =>
      expect(await opened.store.get('key')).toEqual({ text: '"good"', storedAt: 5 }),
    );
  });

  it('does not hold up the shutdown while it is down', async () => {
    const opened = openStore(await freePort());
    await opened.store.get('key');
    const { took } = await timed(() => opened.cache.onApplicationShutdown());
    expect(took).toBeLessThan(GENEROUS);
  });
});
