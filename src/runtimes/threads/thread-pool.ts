import { Logger } from '@nestjs/common';
import { Piscina } from 'piscina';
import { failureOf } from './thrown.js';

/** What Piscina's threads run, and how many of them. */
export interface ThreadPoolOptions {
  /** The module whose exports they run: its default one for calls, `ready` once it is loaded. */
  readonly filename: string;
  readonly argv?: string[];
  readonly workerData?: unknown;
  readonly minThreads: number;
  readonly maxThreads: number;
  readonly idleTimeout?: number;
  readonly resourceLimits?: Piscina['options']['resourceLimits'];
}

type Call = NonNullable<Parameters<Piscina['run']>[1]>;

/** Worker threads of one module, which are replaced when they die. Who calls it bounds the calls. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #logger: Logger;
  #pool: Piscina | undefined;

  /** @param owner Whose threads they are, in the log. */
  constructor(owner: string, options: ThreadPoolOptions) {
    this.#options = options;
    this.#logger = new Logger(owner);
  }

  /** Starts the threads: what `ready` returned in each. Rejects if one cannot load the module. */
  async load(): Promise<unknown[]> {
    const pool = (this.#pool = this.#start());
    try {
      return await Promise.all(runInEach(pool, 'ready'));
    } catch (error) {
      if (pool === this.#pool) this.#pool = undefined;
      await pool.destroy();
      throw error;
    }
  }

  /** Runs the module's default export in a thread. An aborted call takes its thread with it. */
  run(input: unknown, call?: Call): Promise<unknown> {
    this.#pool ??= this.#start();
    return this.#pool.run(input, call) as Promise<unknown>;
  }

  /** Ends the threads and what they run. */
  async close(): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    await pool?.destroy();
  }

  /**
   * Ends the threads once they have done what they run, and then the module's export `last`. One
   * that died meanwhile has nothing left to do.
   */
  async closeAfter(last: string): Promise<void> {
    const pool = this.#pool;
    this.#pool = undefined;
    if (pool === undefined) return;
    await Promise.allSettled(runInEach(pool, last));
    await pool.destroy();
  }

  #start(): Piscina {
    const pool = new Piscina({ ...this.#options, recordTiming: false });
    pool.on('error', (error: unknown) => {
      // Of a thread without a call; at start `load` tells it.
      if (pool === this.#pool) this.#logger.error(`A worker thread failed: ${failureOf(error)}`);
    });
    pool.on('workerDestroy', () => queueMicrotask(() => this.#discardIfDead(pool)));
    return pool;
  }

  /**
   * Piscina does not replace threads any more once a replacement failed to load. When none is left,
   * the calls that wait in it fail, and the next one starts a new pool.
   */
  #discardIfDead(pool: Piscina): void {
    if (pool !== this.#pool || pool.threads.length > 0) return;
    this.#pool = undefined;
    void pool.destroy();
  }
}

/** A thread takes one call at a time, so as many as there are idle threads reach each of them. */
function runInEach(pool: Piscina, name: string): Promise<unknown>[] {
  return pool.threads.map(() => pool.run(undefined, { name }) as Promise<unknown>);
}
