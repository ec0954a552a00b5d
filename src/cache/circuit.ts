import { randomUUID } from 'node:crypto';
import { timeLimit } from './time-limit.js';

/** What a circuit guards: a Keyv, or a whole `Cache` of cache-manager. */
export interface Backend {
  get(key: string): Promise<unknown>;
  set(key: string, value: string, ttl: number): Promise<unknown>;
}

/** Where a circuit tells of its outages; a Nest `Logger` is one. */
export interface CircuitLog {
  warn(message: string): void;
  log(message: string): void;
}

/** What a read gives that could not be made. */
export const FAILED = Symbol('failed');

/** Milliseconds between two looks at a store that refuses, and between two complaints of one kind. */
const RETRY_INTERVAL = 1_000;
const COMPLAINT_INTERVAL = 60_000;

/** A look that has not come back after so long is taken for lost. */
const PROBE_PATIENCE = 30_000;
const PROBE_TTL = 60_000;

/** Writes under way at once; more of them are dropped, so that a slow store cannot fill the memory. */
const MAX_WRITES = 1_000;

/**
 * Keeps a store's troubles from the requests. A read waits no longer than `timeout`; one that did
 * opens the circuit, and while it is open no request touches the store. Requests then trigger
 * probes that run beside them: the store is back once it returned, in time, what was written to it.
 *
 * An error alone does not open the circuit, as it may concern one entry only (a value too large, one
 * that cannot be parsed): it makes the circuit probe, and the probe decides.
 */
export class Circuit {
  readonly #backend: Backend;
  readonly #timeout: number;
  readonly #log: CircuitLog;
  readonly #probeKey = `model-serving:probe:${randomUUID()}`;
  #open = false;
  #writes = 0;
  #probes = 0;
  /** When the probe under way was started. */
  #probing: number | undefined;
  #nextProbe = 0;
  #nextComplaint = 0;
  /** The last error, until a probe has judged it, and how many there were. */
  #trouble: unknown;
  #troubles = 0;

  constructor(backend: Backend, timeout: number, log: CircuitLog) {
    this.#backend = backend;
    this.#timeout = timeout;
    this.#log = log;
  }

  /** Whether the store can be used; asking is what makes an open circuit probe now and then. */
  get usable(): boolean {
    if (!this.#open) return true;
    const now = performance.now();
    const due = this.#probing === undefined ? this.#nextProbe : this.#probing + PROBE_PATIENCE;
    if (now >= due) void this.#probe(now);
    return false;
  }

  /** The stored value, or {@link FAILED}; never rejects and never takes longer than `timeout`. */
  get(key: string): Promise<unknown> {
    const troublesBefore = this.#troubles;
    return new Promise((resolve) => {
      const timer = timeLimit(this.#timeout, () => {
        this.#fall(this.#slowness);
        resolve(FAILED);
      });
      this.#read(key).then(
        (value) => {
          timer.clear();
          // Keyv turns a failure of its adapter into a miss, unless it is told to throw.
          resolve(value === undefined && this.#troubles !== troublesBefore ? FAILED : value);
        },
        (error: unknown) => {
          timer.clear();
          this.suspect(error);
          resolve(FAILED);
        },
      );
    });
  }

  /** Writes without being waited for; `failed` hears of it if it comes to nothing. */
  set(key: string, value: string, ttl: number, failed: () => void): void {
    if (this.#writes >= MAX_WRITES) {
      failed();
      return;
    }
    this.#writes++;
    this.#write(key, value, ttl).then(
      () => void this.#writes--,
      (error: unknown) => {
        this.#writes--;
        this.suspect(error);
        failed();
      },
    );
  }

  /** Something went wrong: looks whether it is the store. */
  suspect(error: unknown): void {
    const now = performance.now();
    this.#trouble = error;
    this.#troubles++;
    if (this.#open || this.#probing !== undefined) return;
    if (now < this.#nextProbe) this.complain(messageOf(error));
    else void this.#probe(now);
  }

  /** Tells, at most once a minute, of a trouble that is no outage. */
  complain(trouble: string): void {
    const now = performance.now();
    if (now < this.#nextComplaint) return;
    this.#nextComplaint = now + COMPLAINT_INTERVAL;
    this.#log.warn(`The cache store failed on an entry: ${trouble}`);
  }

  async #probe(start: number): Promise<void> {
    const probe = ++this.#probes;
    this.#probing = start;
    const timer = timeLimit(this.#timeout, () => {
      if (this.#probing === start) this.#fall(this.#slowness);
    });
    let failure: string | undefined;
    try {
      const stamp = String(probe);
      await this.#write(this.#probeKey, stamp, PROBE_TTL);
      const got = await this.#read(this.#probeKey);
      if (got !== stamp) {
        failure =
          this.#trouble === undefined ? 'it forgets what is written' : messageOf(this.#trouble);
      }
    } catch (error) {
      failure = messageOf(error);
    }
    timer.clear();
    if (probe !== this.#probes) return; // taken for lost, and another one sent
    const now = performance.now();
    const late = now - start > this.#timeout;
    this.#probing = undefined;
    // One that came back late may have been held up by the outage itself: it is worth looking again.
    this.#nextProbe = late ? now : now + RETRY_INTERVAL;
    if (failure !== undefined) this.#fall(failure);
    else if (!late) this.#rise();
  }

  #fall(reason: string): void {
    if (this.#open) return;
    this.#open = true;
    this.#log.warn(`The cache store is down, requests are served without it: ${reason}`);
    if (this.#probing === undefined) void this.#probe(performance.now());
  }

  #rise(): void {
    if (this.#open) {
      this.#open = false;
      this.#log.log('The cache store is back.');
    } else if (this.#trouble !== undefined) {
      this.complain(messageOf(this.#trouble));
    }
    this.#trouble = undefined;
  }

  get #slowness(): string {
    return `no answer within ${this.#timeout} ms`;
  }

  // Async, so that a store that throws where it should reject is a rejection too.
  async #read(key: string): Promise<unknown> {
    return this.#backend.get(key);
  }

  async #write(key: string, value: string, ttl: number): Promise<unknown> {
    return this.#backend.set(key, value, ttl);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
