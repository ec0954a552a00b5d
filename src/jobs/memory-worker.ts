import { AsyncResource } from 'node:async_hooks';
import type { JobWorker } from './job-store.js';

/** Runs the jobs of a store in memory, so many at once. */
export class MemoryWorker implements JobWorker {
  /** Runs begin in none of the requests' async contexts: many a one begins as another ends. */
  readonly #scope = new AsyncResource('ModelServingJobs');
  readonly #concurrency: number;
  readonly #take: () => Promise<void> | undefined;
  #isPaused = false;
  #onIdle: (() => void) | undefined;
  running = 0;

  constructor(concurrency: number, take: () => Promise<void> | undefined) {
    this.#concurrency = concurrency;
    this.#take = take;
  }

  fill(): void {
    while (!this.#isPaused && this.running < this.#concurrency) {
      const run = this.#scope.runInAsyncScope(this.#take);
      if (run === undefined) return;
      this.running++;
      void run.then(() => {
        this.running--;
        if (this.running === 0) this.#onIdle?.();
        this.fill();
      });
    }
  }

  pause(): void {
    this.#isPaused = true;
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.running === 0) resolve();
      else this.#onIdle = resolve;
    });
  }

  async close(): Promise<void> {
    this.pause();
  }
}
