import type { Progress } from '../bench/load-test.js';

const EVERY_MS = 200;

/** One line of a terminal that says what happens now; where there is no terminal, nothing. */
export class ProgressLine {
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(progress: () => Progress | undefined) {
    if (!process.stderr.isTTY) return;
    this.#timer = setInterval(() => {
      const now = progress();
      if (now) process.stderr.write(`\r\x1b[K${lineOf(now)}`);
    }, EVERY_MS);
  }

  /** Leaves the line empty. */
  end(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    process.stderr.write('\r\x1b[K');
  }
}

function lineOf({ rate, sent, of, underWay }: Progress): string {
  return `${rate}/s: ${sent} of ${of} sent, ${underWay} under way`;
}
