import type { ConnectionSet } from '../lifecycle/connection-set.js';
import type { JobWorker } from './job-store.js';

/**
 * The workers of a process, as the drain of the app sees them: what they have in hand may end in its time,
 * and goes back to its queue after that.
 */
export class JobWorkers implements ConnectionSet {
  readonly #start: () => readonly JobWorker[];
  #workers: readonly JobWorker[] = [];
  #isCut = false;
  #isStopped = false;

  constructor(start: () => readonly JobWorker[]) {
    this.#start = start;
  }

  /** Whether what runs has been cut, and is to be run by another process. */
  get isCut(): boolean {
    return this.#isCut;
  }

  get listening(): boolean {
    return this.#workers.length > 0 && !this.#isStopped;
  }

  begin(): void {
    if (!this.#isStopped) this.#workers = this.#start();
  }

  stopListening(): void {
    this.#isStopped = true;
    for (const worker of this.#workers) worker.pause();
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.idle()));
  }

  /** The calls that run are failed next. */
  cut(): void {
    this.#isCut = true;
  }

  /** What runs may not be able to go back: the Redis that would take it is away. Its lock lapses there. */
  destroy(): void {
    this.cut();
    for (const worker of this.#workers) void worker.close();
  }

  async release(): Promise<void> {
    this.stopListening();
    await Promise.all(this.#workers.map((worker) => worker.close()));
  }
}
