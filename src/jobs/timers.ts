import { LONGEST_DELAY } from '../execution/index.js';

/** Timers that end together. None keeps the process alive. */
export class Timers {
  readonly #running = new Set<NodeJS.Timeout>();

  set(ms: number, then: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.#running.delete(timer);
        then();
      },
      Math.min(ms, LONGEST_DELAY),
    ).unref();
    this.#running.add(timer);
    return timer;
  }

  clear(timer: NodeJS.Timeout | undefined): void {
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#running.delete(timer);
  }

  clearAll(): void {
    for (const timer of this.#running) clearTimeout(timer);
  }
}
