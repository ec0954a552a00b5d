import { AsyncResource } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { logText } from './log-text.js';
import type { LineLevel, StructuredLogger } from './structured-logger.js';

/** A request that ended with another status than its client hoped for. */
export interface Refusal {
  readonly status: number;
  readonly requestId: string;
  readonly reason: string;
  /** Its place in a trace, as fields of a line. */
  readonly ids?: Readonly<Record<string, string>> | undefined;
}

/** Refusals of one status since the last line about them. */
interface Tally {
  readonly first: Refusal;
  count: number;
}

/** Milliseconds from the first refusal to the line about it and those that came after it. */
const INTERVAL = 1_000;
/** Lines at `debug` of one status in that time; a flood is counted, not written. */
const MOST_EACH = 1_000;
const LONGEST_REASON = 300;

const CLIENT_GONE = 499;
/** Nothing is wrong with what the request asks of the model: who asks, how, how much or when is. */
const TURNED_AWAY: ReadonlySet<number> = new Set([401, 403, 405, 413, 415, 429]);

/**
 * Tells why an endpoint refuses requests: a line a status and second, however many there are, and at
 * `debug` a line each. What was wrong with an input (400, or what a handler says) is told at `debug` only.
 */
export class RefusalLog {
  readonly #logger: StructuredLogger;
  readonly #endpoint: string;
  readonly #tallies = new Map<number, Tally>();
  /** Not the context of the request that happens to start the second. */
  readonly #scope = new AsyncResource('ModelServingRefusals');
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: StructuredLogger, endpoint: string) {
    this.#logger = logger;
    this.#endpoint = endpoint;
  }

  note(refusal: Refusal): void {
    const { status } = refusal;
    let tally = this.#tallies.get(status);
    if (tally === undefined) {
      tally = { first: refusal, count: 0 };
      this.#tallies.set(status, tally);
      this.#timer ??= this.#scope.runInAsyncScope(setTimeout, undefined, this.#tell, INTERVAL);
      this.#timer.unref();
    }
    tally.count++;
    if (tally.count <= MOST_EACH && Logger.isLevelEnabled('debug')) {
      this.#write('debug', `a request (${status})`, refusal, {});
    }
  }

  /** Tells what has not been told yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#tell();
  }

  readonly #tell = (): void => {
    this.#timer = undefined;
    for (const [status, { first, count }] of this.#tallies) {
      const level = levelOf(status);
      if (level === undefined) continue;
      const requests = count === 1 ? '1 request' : `${count} requests`;
      this.#write(level, `${requests} (${status})`, first, { count });
    }
    this.#tallies.clear();
  };

  #write(
    level: LineLevel,
    what: string,
    { status, requestId, reason, ids }: Refusal,
    more: { readonly count?: number },
  ): void {
    const why = logText(reason, LONGEST_REASON);
    const did = status === CLIENT_GONE ? 'lost' : 'refused';
    const fields = { requestId, endpoint: this.#endpoint, status, reason: why, ...ids, ...more };
    this.#logger.write(level, `${this.#endpoint} ${did} ${what}: ${why}`, fields);
  }
}

/** Of the line about many; none where clients have only themselves to ask. */
function levelOf(status: number): LineLevel | undefined {
  if (status === CLIENT_GONE) return 'log';
  return TURNED_AWAY.has(status) || status >= 500 ? 'warn' : undefined;
}
