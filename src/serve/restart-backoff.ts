/** The wait before the first restart, in milliseconds; each further one doubles it. */
const FIRST_DELAY = 100;

const LONGEST_DELAY = 30_000;

/** A process that was ready for this long, in milliseconds, has recovered: counting starts anew. */
const STABLE_AFTER = 60_000;

/** Deaths in a row before ever being ready after which a process is not expected to start. */
const START_ATTEMPTS = 3;

/** When to restart a process that keeps dying, and when to stop trying. */
export class RestartBackoff {
  #deaths = 0;
  #failedStarts = 0;

  /** Whether so many starts in a row have failed that the next one is not expected to succeed. */
  get hopeless(): boolean {
    return this.#failedStarts >= START_ATTEMPTS;
  }

  /**
   * @param readyFor how long the process was ready, in milliseconds; `undefined` if it never was.
   * @param persevering whether to try on when it is hopeless.
   * @returns the wait before the next start, in milliseconds, or `undefined` to give up.
   */
  afterDeath(readyFor: number | undefined, persevering = false): number | undefined {
    if (readyFor === undefined) this.#failedStarts += 1;
    else this.#failedStarts = 0;
    if (this.hopeless && !persevering) return undefined;
    if (readyFor !== undefined && readyFor >= STABLE_AFTER) this.#deaths = 0;
    const delay = Math.min(FIRST_DELAY * 2 ** this.#deaths, LONGEST_DELAY);
    this.#deaths += 1;
    return delay;
  }
}
