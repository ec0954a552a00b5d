/** Those who wait for something to happen to a job. */
export class Waiters {
  readonly #waiters = new Map<string, Set<() => void>>();

  /** Ends when `id` is told of, after so many milliseconds, or as the signal says. */
  wait(id: string, ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiters.get(id) ?? new Set();
      this.#waiters.set(id, waiting);
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        waiting.delete(end);
        if (waiting.size === 0 && this.#waiters.get(id) === waiting) this.#waiters.delete(id);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
      waiting.add(end);
    });
  }

  tell(id: string): void {
    for (const end of this.#waiters.get(id) ?? []) end();
  }

  /** Something may have been missed. */
  tellAll(): void {
    for (const id of this.#waiters.keys()) this.tell(id);
  }
}
