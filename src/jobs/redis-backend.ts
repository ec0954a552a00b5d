import { Logger } from '@nestjs/common';
import type { FilledJobsOptions } from './jobs-options.js';
import type { JobBackend, JobStore, StoredEndpoint } from './job-store.js';
import { RedisClients } from './redis-clients.js';
import { RedisStore } from './redis-store.js';

/** Keeps jobs in Redis, and hands them out by BullMQ. */
export class RedisBackend implements JobBackend {
  warning: string | undefined;
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
    const clients = backend.#clients;
    await clients.firstContact();
    if (clients.front.status === 'ready') backend.warning = await backend.#evictionWarning();
    else clients.front.once('ready', () => void backend.#warnOfEviction());
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

  async #warnOfEviction(): Promise<void> {
    const warning = await this.#evictionWarning();
    if (warning !== undefined) new Logger('Jobs').warn(warning);
  }

  /** A Redis that makes room by throwing keys away loses jobs without a word. */
  async #evictionWarning(): Promise<string | undefined> {
    // Where it does not say, the log has been told.
    const info = await this.#clients.ask((client) => client.info('memory')).catch(() => '');
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'noeviction';
    if (policy === 'noeviction') return undefined;
    return `The Redis that keeps the jobs has the maxmemory-policy ${policy}: it may lose jobs when its memory is full; set noeviction`;
  }
}
