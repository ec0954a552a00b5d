import { Keyv, type KeyvStoreAdapter, type StoredData } from 'keyv';
import { LRUCache } from 'lru-cache';

/** What Keyv hands to a store whose serialiser is off. */
interface Stored {
  readonly value: unknown;
  /** Milliseconds since the epoch; absent for a value that is kept for ever. */
  readonly expires?: number | undefined;
}

/**
 * A Keyv in memory that holds at most `maxEntries` values and drops the one not used for longest.
 * `read` and `write` are `get` and `set` without promises, on the same entries: what is cleared
 * through Keyv or `CACHE_MANAGER` is gone for both.
 */
export class MemoryStore extends Keyv {
  readonly #entries: LRUCache<string, Stored>;

  constructor(maxEntries: number) {
    const entries = new LRUCache<string, Stored>({ max: maxEntries });
    // No namespace, so that keys are the same here and through Keyv; no serialiser, so that a hit
    // parses nothing (a value that is not a primitive is held by reference, as Keyv's own Map does).
    super({
      store: new LruAdapter(entries),
      namespace: undefined,
      useKeyPrefix: false,
      serialize: undefined,
      deserialize: undefined,
    });
    this.#entries = entries;
  }

  /** The value under `key`, unless it is absent or has expired. */
  read(key: string): unknown {
    const stored = this.#entries.get(key);
    if (stored === undefined) return undefined;
    if (stored.expires !== undefined && Date.now() > stored.expires) {
      this.#entries.delete(key);
      return undefined;
    }
    return stored.value;
  }

  /** Keeps `value` for `ttl` milliseconds. */
  write(key: string, value: unknown, ttl: number): void {
    this.#entries.set(key, { value, expires: Date.now() + ttl });
  }
}

/**
 * The default store of the cache.
 *
 * @param maxEntries how many answers it holds, at least 1; one more drops the one not used for longest
 */
export function memoryStore(maxEntries: number): MemoryStore {
  return new MemoryStore(maxEntries);
}

/** Keyv judges expiry by what is stored, so the LRU needs no timers of its own. */
class LruAdapter implements KeyvStoreAdapter {
  opts = {};
  namespace?: string | undefined;
  readonly #entries: LRUCache<string, Stored>;

  constructor(entries: LRUCache<string, Stored>) {
    this.#entries = entries;
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    return this.#entries.get(key) as StoredData<Value> | undefined;
  }

  set(key: string, value: Stored): void {
    this.#entries.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    return this.#entries.delete(key);
  }

  async clear(): Promise<void> {
    this.#entries.clear();
  }

  on(): this {
    return this; // nothing here can fail
  }
}
