import { Logger } from '@nestjs/common';
import type { FilledJobsOptions } from './jobs-options.js';
import type { JobBackend, JobStore, StoredEndpoint } from './job-store.js';
import { RedisClients } from './redis-clients.js';
import { RedisStore } from './redis-store.js';

/** Keeps jobs in Redis, and hands them out by BullMQ. */
export class RedisBackend implements JobBackend {
  readonly warning = undefined;
  readonly #clients: RedisClients;
  readonly #options: FilledJobsOptions;
  readonly #stores: RedisStore[] = [];

  private constructor(options: FilledJobsOptions) {
    this.#options = options;
    this.#clients = new RedisClients(options.connection);
  }

  /** Ends when Redis has answered, or does not. */
  static async connect(options: FilledJobsOptions): Promise<RedisBackend> {
    const backend = new RedisBackend(options);
    await backend.#clients.firstContact();
    await backend.#warnOfEviction();
    return backend;
  }

  open(endpoint: StoredEndpoint): JobStore {
    const store = new RedisStore(endpoint, this.#clients, this.#options);
    this.#stores.push(store);
    return store;
  }

  async close(): Promise<void> {
    await Promise.all(this.#stores.map((store) => store.close()));
    this.#clients.close();
  }

  /** A Redis that makes room by throwing keys away loses jobs without a word. */
  async #warnOfEviction(): Promise<void> {
    try {
      const info = await this.#clients.ask((client) => client.info('memory'));
      const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
      if (policy === 'noeviction') return;
      new Logger('Jobs').warn(
        `The Redis that keeps the jobs has the maxmemory-policy ${policy}: it may lose jobs when its memory is full; set noeviction`,
      );
    } catch {
      // The log has been told, or Redis does not say.
    }
  }
}
