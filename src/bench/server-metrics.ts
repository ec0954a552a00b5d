import { shownUrl } from './address.js';
import { Scrape } from './scrape.js';
import type { Target } from './sender.js';

/** A server under load may need its time, milliseconds. */
const PATIENCE = 10_000;

/** Reads the metrics of a server, which may have none. */
export class ServerMetrics {
  readonly #url: URL;
  readonly #headers: Headers;
  /** Why a scrape failed, the last that did. */
  problem: string | undefined;

  /** @param target whose headers let one in here as well, where it is the same server */
  constructor(url: URL, target: Pick<Target, 'url' | 'headers'>) {
    const own = url.origin === target.url.origin ? target.headers : {};
    this.#headers = new Headers(Object.entries(own).map(([name, value]) => [name, String(value)]));
    this.#headers.delete('content-type');
    const { username, password } = url;
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    const basic = `Basic ${Buffer.from(pair).toString('base64')}`;
    if (pair !== ':') this.#headers.set('authorization', basic);
    // With a password in it fetch takes no URL.
    this.#url = new URL(shownUrl(url));
  }

  get url(): string {
    return this.#url.href;
  }

  /**
   * What they say now; undefined, with a {@link problem}, where they cannot be had.
   *
   * @param stopped ends it early
   */
  async scrape(stopped: AbortSignal): Promise<Scrape | undefined> {
    try {
      const response = await fetch(this.#url, {
        headers: this.#headers,
        redirect: 'manual',
        signal: AbortSignal.any([stopped, AbortSignal.timeout(PATIENCE)]),
      });
      const text = await response.text();
      if (response.ok) return Scrape.of(text);
      this.problem = `answered ${response.status}`;
    } catch (error) {
      if (stopped.aborted) return undefined;
      const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
      this.problem = cause?.code ?? cause?.message ?? message;
    }
    return undefined;
  }
}
