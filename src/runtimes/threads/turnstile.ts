interface Waiting {
  enter(): void;
  turnAway(reason: unknown): void;
}

/**
 * Lets a number of calls through at once; the others wait in the order they came. Piscina's own
 * queue neither bounds nor keeps in order the tasks that can be aborted.
 */
export class Turnstile {
  readonly #width: number;
  readonly #waiting = new Set<Waiting>();
  #inside = 0;

  constructor(width: number) {
    this.#width = width;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#inside >= this.#width;
  }

  /** Every `enter` that resolves needs one `leave`. Rejects with the signal's reason. */
  enter(signal?: AbortSignal): Promise<void> | undefined {
    if (!this.isFull) {
      this.#inside++;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        enter: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
        turnAway: (reason) => {
          signal?.removeEventListener('abort', giveUp);
          reject(reason as Error);
        },
      };
      const giveUp = () => {
        this.#waiting.delete(waiting);
        reject(signal!.reason as Error);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiting.add(waiting);
    });
  }

  leave(): void {
    for (const next of this.#waiting) {
      // The place goes to the one that waited longest, so the number inside stays as it is.
      this.#waiting.delete(next);
      next.enter();
      return;
    }
    this.#inside--;
  }

  /** Rejects all that wait. */
  turnAway(reason: unknown): void {
    for (const waiting of this.#waiting) waiting.turnAway(reason);
    this.#waiting.clear();
  }
}
