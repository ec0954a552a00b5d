/** Timers of Node hold no more milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Timers that end together. None keeps the process alive. */
export class Timers {
  readonly #running = new Set<NodeJS.Timeout>();

  set(ms: number, then: () => void): NodeJS.Timeout {
    const timer = setTimeout(
      () => {
        this.#running.delete(timer);
        then();
      },
      Math.min(ms, LONGEST),
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
