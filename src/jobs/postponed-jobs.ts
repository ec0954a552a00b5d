/**
 * Jobs that wait in this process for their next run. BullMQ's own delays are by the clocks of whichever
 * workers begin and end them, and these need not agree. Where the process is killed another one finds them.
 */
export class PostponedJobs {
  readonly #enqueue: (id: string) => Promise<unknown>;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #enqueuing = new Set<Promise<unknown>>();
  #isHurried = false;

  /** @param enqueue has a job handed out */
  constructor(enqueue: (id: string) => Promise<unknown>) {
    this.#enqueue = enqueue;
  }

  add(id: string, ms: number): void {
    if (this.#isHurried) this.#release(id);
    else this.#timers.set(id, setTimeout(() => this.#release(id), ms).unref());
  }

  /** Has all of them handed out, and those that come later as they do: the process ends. */
  hurry(): void {
    this.#isHurried = true;
    for (const id of this.#timers.keys()) this.#release(id);
  }

  /** Ends when all that were released have been handed out. */
  async released(): Promise<void> {
    await Promise.all(this.#enqueuing);
  }

  #release(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    const enqueued = this.#enqueue(id).catch(() => undefined);
    this.#enqueuing.add(enqueued);
    void enqueued.then(() => this.#enqueuing.delete(enqueued));
  }
}
