import { randomUUID } from 'node:crypto';
import { logText } from '../logging/index.js';
import { sealEntry, unsealEntry, type Entry } from './entry.js';
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

/** Milliseconds between two looks at a store that refuses, and between two lines of one kind. */
const RETRY_INTERVAL = 1_000;
const COMPLAINT_INTERVAL = 60_000;

/** A look that has not come back after so long is taken for lost. */
const PROBE_PATIENCE = 30_000;
const PROBE_TTL = 60_000;

/** Writes under way at once; more of them are dropped, so that a slow store cannot fill the memory. */
const MAX_WRITES = 1_000;
/** Characters of an error that are logged. */
const LONGEST_MESSAGE = 300;

/** Keys that are remembered as spoiled. */
const MAX_SPOILED = 1_000;

/**
 * Keeps a store's troubles from the requests. A read waits no longer than `timeout`; one that did
 * opens the circuit, and while it is open no request touches the store. Requests then trigger
 * probes that run beside them: the store is back once it returned, in time, what was written to it.
 *
 * An error alone does not open the circuit, as it may concern one entry only (a value too large, one
 * that cannot be parsed): it makes the circuit probe, and the probe decides. A value that is no entry
 * of its key is a failure, and is overwritten by the next answer.
 */
export class Circuit {
  readonly #backend: Backend;
  readonly #timeout: number;
  readonly #log: CircuitLog;
  readonly #probeKey = `model-serving:probe:${randomUUID()}`;
  #open = false;
  readonly #writes = new Set<Promise<void>>();
  #probes = 0;
  /** When the probe under way was started. */
  #probing: number | undefined;
  #nextProbe = 0;
  #nextComplaint = 0;
  #nextOutage = 0;
  /** Whether the log has heard of the outage. */
  #told = false;
  /** Whose value is so large that it came too late, and no entry: not read again before a write. */
  readonly #spoiled = new Set<string>();
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

  /** The stored entry, or {@link FAILED}; never rejects and never takes longer than `timeout`. */
  get(key: string): Promise<Entry | undefined | typeof FAILED> {
    if (this.#spoiled.has(key)) return Promise.resolve(FAILED);
    const troublesBefore = this.#troubles;
    return new Promise((resolve) => {
      let late = false;
      const timer = timeLimit(this.#timeout, () => {
        late = true;
        this.#fall(this.#slowness);
        resolve(FAILED);
      });
      this.#read(key).then(
        (value) => {
          timer.clear();
          const entry = this.#unseal(key, value, late);
          // Keyv turns a failure of its adapter into a miss, unless it is told to throw.
          resolve(entry === undefined && this.#troubles !== troublesBefore ? FAILED : entry);
        },
        (error: unknown) => {
          timer.clear();
          this.suspect(error);
          resolve(FAILED);
        },
      );
    });
  }

  #unseal(key: string, value: unknown, late: boolean): Entry | undefined | typeof FAILED {
    if (value === undefined || value === null) return undefined;
    const entry = unsealEntry(key, value);
    if (entry !== undefined) return entry;
    this.#complain('it returned something else than what was stored');
    if (late && this.#spoiled.size < MAX_SPOILED) this.#spoiled.add(key);
    return FAILED;
  }

  /** Writes without being waited for; `failed` hears of it if it comes to nothing. */
  set(key: string, stored: string, ttl: number, failed: () => void): void {
    if (this.#writes.size >= MAX_WRITES) {
      failed();
      return;
    }
    const write = this.#write(key, sealEntry(key, stored), ttl).then(
      () => {
        this.#writes.delete(write);
        this.#spoiled.delete(key);
      },
      (error: unknown) => {
        this.#writes.delete(write);
        this.suspect(error);
        failed();
      },
    );
    this.#writes.add(write);
  }

  /** Waits for the writes under way, which may be for ever. */
  async written(): Promise<void> {
    await Promise.all(this.#writes);
  }

  /** Something went wrong: looks whether it is the store. */
  suspect(error: unknown): void {
    const now = performance.now();
    this.#trouble = error;
    this.#troubles++;
    if (this.#open || this.#probing !== undefined) return;
    if (now < this.#nextProbe) this.#complain(messageOf(error));
    else void this.#probe(now);
  }

  /** Tells, at most once a minute, of a trouble that is no outage. */
  #complain(trouble: string): void {
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
    const now = performance.now();
    this.#told = now >= this.#nextOutage;
    if (this.#told) {
      this.#nextOutage = this.#nextComplaint = now + COMPLAINT_INTERVAL;
      this.#log.warn(`The cache store is down, requests are served without it: ${reason}`);
    }
    if (this.#probing === undefined) void this.#probe(now);
  }

  #rise(): void {
    if (this.#open) {
      this.#open = false;
      if (this.#told) this.#log.log('The cache store is back.');
    } else if (this.#trouble !== undefined) {
      this.#complain(messageOf(this.#trouble));
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

/** Of whatever was thrown: it may throw again when it is looked at, and be of any length. */
function messageOf(error: unknown): string {
  try {
    const message = error instanceof Error ? error.message || error.name : String(error);
    return logText(message, LONGEST_MESSAGE);
  } catch {
    return 'an error that cannot be shown';
  }
}
