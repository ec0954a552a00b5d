import type { JobBackend, JobStore, StoredEndpoint } from './job-store.js';
import { MemoryStore } from './memory-store.js';

/** Keeps jobs in the process: they end with it. */
export class MemoryBackend implements JobBackend {
  readonly warning =
    "Jobs are kept in this process and end with it: connection: 'memory' is for a first try and for tests";
  readonly #stores: MemoryStore[] = [];

  open(endpoint: StoredEndpoint): JobStore {
    const store = new MemoryStore(endpoint);
    this.#stores.push(store);
    return store;
  }

  async close(): Promise<void> {
    for (const store of this.#stores) store.close();
  }
}
