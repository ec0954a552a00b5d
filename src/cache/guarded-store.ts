import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { Cache } from 'cache-manager';
import { Circuit, FAILED, type Backend, type CircuitLog } from './circuit.js';
import { decodeEntry, encodeEntry, type Entry } from './entry.js';
import { MemoryStore } from './memory-store.js';
import { timeLimit } from './time-limit.js';

export interface GuardedStoreOptions {
  /** Milliseconds a read may take, and writes under way when the app stops. */
  readonly timeout: number;
  /** Told once when a store goes down and once when it is back. */
  readonly log: CircuitLog;
}

/** The part of cache-manager's `Cache` that is used; one of an app's own may lack `stores`. */
export type CacheLike = Pick<Cache, 'get' | 'set'> & Partial<Pick<Cache, 'stores'>>;

type Layer = MemoryStore | Circuit;

const ignore = (): void => {};

/**
 * The cache as the endpoints see it: it never fails and never makes a request wait longer than
 * `timeout`. The entries are those of `CACHE_MANAGER`, store by store, each behind a
 * {@link Circuit} of its own; the memory store, which cannot fail, is used without promises.
 */
export class GuardedStore implements BeforeApplicationShutdown {
  readonly #layers: readonly Layer[];
  /** Whether a read may have to wait for one slow store after another. */
  readonly #severalCircuits: boolean;
  readonly #timeout: number;

  constructor(cache: CacheLike, { timeout, log }: GuardedStoreOptions) {
    const backends: readonly Backend[] = cache.stores?.length ? cache.stores : [cache];
    this.#layers = backends.map((backend) => {
      if (backend instanceof MemoryStore) return backend;
      const circuit = new Circuit(backend, timeout, log);
      onError(backend, (error) => circuit.suspect(error));
      return circuit;
    });
    this.#severalCircuits = this.#layers.filter((layer) => layer instanceof Circuit).length > 1;
    this.#timeout = timeout;
  }

  /**
   * The entry under `key`, or `undefined` for a miss. At once where the memory store decides, else
   * a promise, which never rejects.
   *
   * @param failed called once if a store's failure had a part in the miss
   */
  get(key: string, failed: () => void = ignore): Entry | undefined | Promise<Entry | undefined> {
    let skipped = false;
    for (let index = 0; index < this.#layers.length; index++) {
      const layer = this.#layers[index]!;
      if (layer instanceof MemoryStore) {
        const entry = decodeEntry(layer.read(key));
        if (entry !== undefined) return entry;
      } else if (layer.usable) {
        return this.#wait(this.#walk(key, index, skipped), failed);
      } else {
        skipped = true;
      }
    }
    if (skipped) failed();
    return undefined;
  }

  /**
   * Stores an entry, without being waited for.
   *
   * @param ttl milliseconds
   * @param failed called for each store that refuses it; not for one that is known to be down
   */
  set(key: string, entry: Entry, ttl: number, failed: () => void = ignore): void {
    const stored = encodeEntry(entry);
    for (const layer of this.#layers) {
      if (layer instanceof MemoryStore) layer.write(key, stored, ttl);
      else if (layer.usable) layer.set(key, stored, ttl, failed);
    }
  }

  /** Requests have drained, and stores are not yet disconnected: some write later than they are told. */
  async beforeApplicationShutdown(): Promise<void> {
    const circuits = this.#layers.filter((layer) => layer instanceof Circuit);
    await this.#limit(Promise.all(circuits.map((circuit) => circuit.written())));
  }

  /** Asks the stores one after another, from the layer at `index` on; {@link FAILED} beats a miss. */
  async #walk(
    key: string,
    index: number,
    skipped: boolean,
  ): Promise<Entry | undefined | typeof FAILED> {
    let failed = skipped;
    for (; index < this.#layers.length; index++) {
      const layer = this.#layers[index]!;
      if (layer instanceof MemoryStore) {
        const entry = decodeEntry(layer.read(key));
        if (entry !== undefined) return entry;
        continue;
      }
      const entry = layer.usable ? await layer.get(key) : FAILED;
      if (entry === FAILED) failed = true;
      else if (entry !== undefined) return entry;
    }
    return failed ? FAILED : undefined;
  }

  async #wait(
    walk: Promise<Entry | undefined | typeof FAILED>,
    failed: () => void,
  ): Promise<Entry | undefined> {
    const outcome = await (this.#severalCircuits ? this.#limit(walk) : walk);
    if (outcome !== FAILED) return outcome;
    failed();
    return undefined;
  }

  /** Several stores may each take up to `timeout`; nobody waits longer than that for all. */
  #limit<T>(walk: Promise<T>): Promise<T | typeof FAILED> {
    return new Promise((resolve) => {
      const timer = timeLimit(this.#timeout, () => resolve(FAILED));
      void walk.then((outcome) => {
        timer.clear();
        resolve(outcome);
      });
    });
  }
}

/** Adapters tell of a lost connection by an event, which would end the process if nobody listened. */
function onError(backend: object, listener: (error: unknown) => void): void {
  const { on } = backend as { on?: (event: string, listener: (error: unknown) => void) => unknown };
  if (typeof on === 'function') on.call(backend, 'error', listener);
}
