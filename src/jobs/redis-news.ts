import type { RedisClients } from './redis-clients.js';
import { Waiters } from './waiters.js';

/** Tells, across processes, of the jobs of one endpoint that have ended or were cancelled. */
export class JobNews {
  readonly #clients: RedisClients;
  readonly #channel: string;
  readonly #waiters = new Waiters();
  readonly #missed = new Set<() => void>();
  readonly #ended = new Set<(id: string) => void>();
  #isSubscribed = false;

  constructor(clients: RedisClients, base: string) {
    this.#clients = clients;
    this.#channel = `${base}:news`;
  }

  /** Calls `listener` for each job that ends, and `missed` when some may have without a word. */
  listen(listener: (id: string) => void, missed: () => void): void {
    this.#subscribe();
    this.#ended.add(listener);
    this.#missed.add(missed);
  }

  /** Ends when the job has, after so many milliseconds, or as the signal says. */
  async whenEnded(
    id: string,
    ms: number,
    signal: AbortSignal,
    hasEnded: () => Promise<boolean>,
  ): Promise<void> {
    this.#subscribe();
    const over = new AbortController();
    const end = () => over.abort();
    signal.addEventListener('abort', end);
    const until = performance.now() + ms;
    try {
      for (let left = ms; left > 0 && !signal.aborted; left = until - performance.now()) {
        const told = this.#waiters.wait(id, left, over.signal);
        // Before the word of it could come, it may have ended.
        if (await hasEnded()) return;
        await told;
        if (await hasEnded()) return;
      }
    } finally {
      signal.removeEventListener('abort', end);
      over.abort();
    }
  }

  #subscribe(): void {
    if (this.#isSubscribed) return;
    this.#isSubscribed = true;
    const { subscriber } = this.#clients;
    // Of what was said while the connection was lost nobody has heard.
    subscriber.on('ready', () => {
      this.#waiters.tellAll();
      for (const missed of this.#missed) missed();
    });
    subscriber.on('message', (channel: string, message: string) => {
      if (channel !== this.#channel) return;
      const id = message.slice(message.indexOf(' ') + 1);
      this.#waiters.tell(id);
      for (const listener of this.#ended) listener(id);
    });
    subscriber.subscribe(this.#channel).then(
      () => this.#waiters.tellAll(),
      (error: unknown) => this.#clients.complain(error),
    );
  }
}
