import { Keyv, type KeyvStoreAdapter, type StoredData } from 'keyv';
import { LRUCache } from 'lru-cache';
import { heldBytes } from './held-bytes.js';

/** What Keyv hands to a store whose serialiser is off. */
interface Stored {
  readonly value: unknown;
  /** Milliseconds since the epoch; absent for a value that is kept for ever. */
  readonly expires?: number | undefined;
}

/** What the LRU takes for an entry: its place in a Map and in five arrays. */
const ENTRY_BYTES = 72;
/** Less than the smallest answer takes with its key. The LRU sets its arrays aside for all entries. */
const LEAST_ENTRY_BYTES = 256;

/** 256 MiB. */
export const MAX_BYTES = 2 ** 28;

/**
 * A Keyv in memory that holds so many values and bytes at most and drops those not used for longest.
 * `read` and `write` are `get` and `set` without promises, on the same entries: what is cleared
 * through Keyv or `CACHE_MANAGER` is gone for both.
 */
export class MemoryStore extends Keyv {
  readonly #entries: Entries;

  constructor(maxEntries: number, maxBytes: number) {
    const entries = new Entries(maxEntries, maxBytes);
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

  /** How many bytes it holds, by its own count. */
  get heldBytes(): number {
    return this.#entries.lru?.calculatedSize ?? 0;
  }

  /** The value under `key`, unless it is absent or has expired. */
  read(key: string): unknown {
    const stored = this.#entries.lru?.get(key);
    if (stored === undefined) return undefined;
    if (stored.expires !== undefined && Date.now() > stored.expires) {
      this.#entries.lru?.delete(key);
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
 * The default store of the cache: one more value, or byte, drops the value not used for longest.
 *
 * @param maxEntries how many values it holds, at least 1
 * @param maxBytes how many bytes it holds, keys and its own bookkeeping included
 */
export function memoryStore(maxEntries: number, maxBytes = MAX_BYTES): MemoryStore {
  return new MemoryStore(maxEntries, maxBytes);
}

/** The LRU, made for the first entry: it sets room aside for all, which an app that caches nothing spares. */
class Entries {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  lru: LRUCache<string, Stored> | undefined;

  constructor(maxEntries: number, maxBytes: number) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  set(key: string, stored: Stored): void {
    this.lru ??= new LRUCache({
      max: Math.min(this.#maxEntries, Math.ceil(this.#maxBytes / LEAST_ENTRY_BYTES)),
      maxSize: this.#maxBytes,
      sizeCalculation: (one, itsKey) => ENTRY_BYTES + heldBytes(itsKey) + heldBytes(one),
    });
    this.lru.set(key, stored);
  }
}

/** Keyv judges expiry by what is stored, so the LRU needs no timers of its own. */
class LruAdapter implements KeyvStoreAdapter {
  opts = {};
  namespace?: string | undefined;
  readonly #entries: Entries;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  async get<Value>(key: string): Promise<StoredData<Value> | undefined> {
    return this.#entries.lru?.get(key) as StoredData<Value> | undefined;
  }

  set(key: string, value: Stored): void {
    this.#entries.set(key, value);
  }

  async delete(key: string): Promise<boolean> {
    return this.#entries.lru?.delete(key) ?? false;
  }

  async clear(): Promise<void> {
    this.#entries.lru?.clear();
  }

  on(): this {
    return this; // nothing here can fail
  }
}
