import { Logger } from '@nestjs/common';
import { Redis, ReplyError, type Cluster, type RedisOptions } from 'ioredis';
import { messageOfThrown, ServingError } from '../errors/index.js';
import type { FilledJobsOptions } from './jobs-options.js';
import { defineScripts } from './redis-scripts.js';

export type RedisClient = Redis | Cluster;

/** How long Redis has to answer somebody who waits, in milliseconds. */
const PATIENCE = 2_000;
/** Milliseconds between two questions whether Redis is there: where two in a row have no answer, it is not. */
const HEARTBEAT = 5_000;
/**
 * What is not the app's to choose, however a client of its is made: whoever sends a command waits for the
 * connection, a subscription outlives it, to wait for the next job takes as long as it takes, and what has
 * become a replica is looked for anew, as its address may lead to another by now.
 */
const OWN: RedisOptions = {
  lazyConnect: false,
  enableOfflineQueue: true,
  autoResubscribe: true,
  stringNumbers: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  reconnectOnError: ({ message }) => message.includes('READONLY'),
};
/** Milliseconds between two lines of the log about one trouble. */
const COMPLAINT_INTERVAL = 60_000;

/** The connections of a process to the Redis that keeps its jobs. */
export class RedisClients {
  readonly #connection: FilledJobsOptions['connection'];
  readonly #logger = new Logger('Jobs');
  /** With what watches each. */
  readonly #open = new Map<RedisClient, NodeJS.Timeout>();
  #patient: RedisClient | undefined;
  #subscriber: RedisClient | undefined;
  #lastOfMuch: Promise<void> = Promise.resolve();
  #nextComplaint = 0;
  #isDown = false;
  /** For those who wait: it fails at once where Redis is gone. */
  readonly front: RedisClient;

  constructor(connection: FilledJobsOptions['connection']) {
    this.#connection = connection;
    this.front = this.#connect({
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      commandTimeout: PATIENCE,
    });
    this.front.on('ready', () => {
      if (this.#isDown) this.#logger.log('The Redis that keeps the jobs is back.');
      this.#isDown = false;
    });
    defineScripts(this.front);
  }

  /** For workers: it waits for Redis for as long as it takes, as what a run came to is not to be lost. */
  get patient(): RedisClient {
    if (this.#patient === undefined) defineScripts((this.#patient = this.#connect()));
    return this.#patient;
  }

  /** Hears what processes tell one another. */
  get subscriber(): RedisClient {
    // Each endpoint listens to it.
    return (this.#subscriber ??= this.#connect().setMaxListeners(0));
  }

  /** Ends when Redis has answered for the first time, or has had its chance to. */
  async firstContact(): Promise<void> {
    const { front } = this;
    if (front.status === 'ready') return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, PATIENCE);
      for (const event of ['ready', 'close']) {
        front.once(event, () => {
          clearTimeout(timer);
          resolve();
        });
      }
    });
  }

  /**
   * Asks Redis for something that a client waits for.
   *
   * @throws {ServingError} `Unavailable` where it does not answer, or cannot do it
   */
  async ask<T>(question: (client: RedisClient) => Promise<T>): Promise<T> {
    const timer = new AbortController();
    try {
      if (this.front.status !== 'ready') throw new Error('not connected');
      return await Promise.race([question(this.front), after(PATIENCE * 1.5, timer.signal)]);
    } catch (cause) {
      this.complain(cause);
      throw new ServingError('Unavailable', 'Jobs cannot be reached now', { retryAfter: 1, cause });
    } finally {
      timer.abort();
    }
  }

  /**
   * Asks for what is large, once all that was asked for so before has come: together it would be more than
   * comes in time, and whoever asks for little would wait for it. Who waits fails with whoever is asked for.
   */
  askForMuch<T>(question: (client: RedisClient) => Promise<T>): Promise<T> {
    const answer = this.#lastOfMuch.then(() => this.ask(question));
    this.#lastOfMuch = answer.then(() => undefined);
    this.#lastOfMuch.catch(() => (this.#lastOfMuch = Promise.resolve()));
    return answer;
  }

  /** Tells the log of a trouble, once in a while. */
  complain(error: unknown): void {
    this.#isDown ||= this.front.status !== 'ready';
    const now = performance.now();
    if (now < this.#nextComplaint) return;
    this.#nextComplaint = now + COMPLAINT_INTERVAL;
    this.#logger.warn(`The Redis that keeps the jobs: ${messageOfThrown(error) || String(error)}`);
  }

  close(): void {
    for (const [client, beat] of this.#open) {
      clearInterval(beat);
      client.disconnect();
    }
  }

  /** One that waits for Redis for as long as it takes, unless the options say otherwise. */
  #connect(options: RedisOptions = { maxRetriesPerRequest: null }): RedisClient {
    const client = this.#make({
      ...OWN,
      ...options,
      retryStrategy: (times) => Math.min(times * 50, 1_000),
    });
    client.on('error', (error) => this.complain(error));
    this.#open.set(client, watch(client));
    return client;
  }

  #make(options: RedisOptions): RedisClient {
    const connection = this.#connection;
    if (typeof connection === 'string') return new Redis(addressFor(connection, options), options);
    if (!('duplicate' in connection)) {
      const { url, ...rest } = connection as RedisOptions & { readonly url?: string };
      return url === undefined
        ? new Redis({ ...rest, ...options })
        : new Redis(addressFor(url, options), { ...rest, ...options });
    }
    const client = connection as RedisClient;
    if (!client.isCluster) return (client as Redis).duplicate(options);
    const { enableOfflineQueue, lazyConnect } = options;
    const cluster = client as Cluster;
    const redisOptions = { ...cluster.options.redisOptions, ...options };
    return cluster.duplicate([], { enableOfflineQueue, lazyConnect, redisOptions });
  }
}

/** Has a connection made anew that is silent: nobody says so of a machine that is gone. */
function watch(client: RedisClient): NodeJS.Timeout {
  let unanswered = 0;
  const hearten = () => void (unanswered = 0);
  return setInterval(() => {
    if (client.status !== 'ready') return hearten();
    if (unanswered === 2) {
      hearten();
      return client.disconnect(true);
    }
    unanswered++;
    client.ping().then(hearten, (error) => error instanceof ReplyError && hearten());
  }, HEARTBEAT).unref();
}

/** An address, whose query would have the last word, without what the options say. */
function addressFor(url: string, options: RedisOptions): string {
  if (!URL.canParse(url)) return url;
  const address = new URL(url);
  for (const name of Object.keys(options)) address.searchParams.delete(name);
  return address.href;
}

function after(ms: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}
