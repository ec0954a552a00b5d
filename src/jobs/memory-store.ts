import type { JobLevels } from '../metrics/index.js';
import {
  JOB_STATES,
  type JobEnd,
  type JobFailure,
  type JobPace,
  type JobRecord,
  type JobRequest,
  type JobResult,
  type JobState,
  type NewJob,
  type Submission,
} from './job.js';
import type {
  JobRun,
  JobStore,
  JobWorker,
  RunJob,
  RunOutcome,
  StoredEndpoint,
} from './job-store.js';
import { Average } from './average.js';
import { MemoryWorker } from './memory-worker.js';
import { Timers } from './timers.js';
import { Waiters } from './waiters.js';

interface KeptJob {
  readonly id: string;
  readonly scope: string;
  readonly requestId: string;
  readonly createdAt: number;
  readonly key: string | undefined;
  readonly digest: string;
  state: JobState;
  /** When it was queued last, or is due to be run again. */
  waitingSince: number;
  startedAt: number | undefined;
  finishedAt: number | undefined;
  attempts: number;
  failures: number;
  progress: number | undefined;
  failure: JobFailure | undefined;
  result: JobResult | undefined;
  /** What its runs need, until it has ended. */
  task: { readonly request: JobRequest; readonly body: Buffer } | undefined;
  /** Aborts the run that is under way. */
  controller: AbortController | undefined;
  /** When it is forgotten. */
  expiry: NodeJS.Timeout | undefined;
}

/** The jobs of one endpoint in the process. */
export class MemoryStore implements JobStore {
  readonly #endpoint: StoredEndpoint;
  readonly #jobs = new Map<string, KeptJob>();
  readonly #keys = new Map<string, string>();
  /** By state: each submission asks how many wait. */
  readonly #states = Object.fromEntries(
    JOB_STATES.map((state) => [state, new Set<KeptJob>()]),
  ) as Record<JobState, Set<KeptJob>>;
  /** Those that may start now, in the order in which they came. */
  readonly #due = new Set<KeptJob>();
  readonly #waiters = new Waiters();
  readonly #waiting = new Average();
  readonly #running = new Average();
  readonly #timers = new Timers();
  #worker: MemoryWorker | undefined;

  constructor(endpoint: StoredEndpoint) {
    this.#endpoint = endpoint;
  }

  async submit({ id, scope, request, body, key, digest }: NewJob): Promise<Submission> {
    const known = key === undefined ? undefined : this.#jobs.get(this.#keys.get(key)!);
    if (known !== undefined) {
      return known.digest === digest ? { kind: 'known', id: known.id } : { kind: 'other' };
    }
    if (this.#isFull) return { kind: 'full' };
    const createdAt = now();
    const job: KeptJob = {
      id,
      scope,
      requestId: request.requestId,
      createdAt,
      key,
      digest,
      state: 'queued',
      waitingSince: createdAt,
      startedAt: undefined,
      finishedAt: undefined,
      attempts: 0,
      failures: 0,
      progress: undefined,
      failure: undefined,
      result: undefined,
      task: { request, body },
      controller: undefined,
      expiry: undefined,
    };
    this.#jobs.set(id, job);
    this.#states.queued.add(job);
    if (key !== undefined) this.#keys.set(key, id);
    const { timeout, resultTtl } = this.#endpoint;
    job.expiry = this.#timers.set(timeout + resultTtl, () => this.#forgetWaiting(job));
    this.#offer(job);
    return { kind: 'taken', id };
  }

  async find(id: string): Promise<JobRecord | undefined> {
    const job = this.#jobs.get(id);
    return job && { ...job, now: now() };
  }

  async result(id: string): Promise<JobResult | undefined> {
    return this.#jobs.get(id)?.result;
  }

  async pace(): Promise<JobPace> {
    return { waiting: this.#waiting.value, running: this.#running.value };
  }

  async remove(id: string): Promise<JobState | undefined> {
    const job = this.#jobs.get(id);
    if (job === undefined) return undefined;
    const { state } = job;
    if (state === 'queued' || state === 'running') this.#end(job, { state: 'cancelled' });
    else this.#forget(job);
    return state;
  }

  async expire(id: string, end: JobEnd): Promise<void> {
    const job = this.#jobs.get(id);
    if (job?.state === 'queued') this.#end(job, end);
  }

  async levels(): Promise<JobLevels> {
    const { queued, running, succeeded, failed, cancelled } = this.#states;
    let oldest = Infinity;
    for (const { waitingSince } of queued) oldest = Math.min(oldest, waitingSince);
    return {
      counts: {
        queued: queued.size,
        running: running.size,
        succeeded: succeeded.size,
        failed: failed.size,
        cancelled: cancelled.size,
      },
      oldestWaiting: Math.max(0, oldest === Infinity ? 0 : now() - oldest),
    };
  }

  whenEnded(id: string, ms: number, signal: AbortSignal): Promise<void> {
    if (this.#jobs.get(id)?.task === undefined) return Promise.resolve();
    return this.#waiters.wait(id, ms, signal);
  }

  work(run: RunJob, concurrency: number): JobWorker {
    this.#worker = new MemoryWorker(concurrency, () => this.#take(run));
    this.#worker.fill();
    return this.#worker;
  }

  close(): void {
    this.#timers.clearAll();
  }

  /** Those whose deadline has passed do not count. */
  get #isFull(): boolean {
    const { maxWaiting, timeout } = this.#endpoint;
    const { queued } = this.#states;
    if (queued.size < maxWaiting) return false;
    const oldest = now() - timeout;
    let waiting = 0;
    for (const { createdAt } of queued) if (createdAt >= oldest) waiting++;
    return waiting >= maxWaiting;
  }

  #move(job: KeptJob, state: JobState): void {
    this.#states[job.state].delete(job);
    this.#states[state].add(job);
    job.state = state;
  }

  #offer(job: KeptJob): void {
    this.#due.add(job);
    this.#worker?.fill();
  }

  /** Runs the next job that is due; `undefined` where there is none. */
  #take(run: RunJob): Promise<void> | undefined {
    const [job] = this.#due;
    if (job === undefined) return undefined;
    this.#due.delete(job);
    const startedAt = now();
    this.#move(job, 'running');
    job.startedAt = startedAt;
    job.progress = undefined;
    job.attempts++;
    const controller = (job.controller = new AbortController());
    this.#waiting.add(startedAt - job.waitingSince);
    const jobRun: JobRun = {
      id: job.id,
      ...job.task!,
      attempt: job.attempts,
      failures: job.failures,
      timeLeft: job.createdAt + this.#endpoint.timeout - startedAt,
      signal: controller.signal,
      progress: (fraction) => {
        if (job.controller === controller) job.progress = fraction;
      },
    };
    return run(jobRun).then((outcome) => {
      if (job.controller === controller) this.#conclude(job, outcome);
    });
  }

  #conclude(job: KeptJob, outcome: RunOutcome): void {
    job.controller = undefined;
    switch (outcome.state) {
      case 'dropped':
        return;
      case 'retried':
      case 'returned':
        this.#move(job, 'queued');
        job.waitingSince = now() + outcome.delay;
        if (outcome.state === 'retried') job.failures++;
        else job.attempts--;
        this.#timers.set(outcome.delay, () => job.task !== undefined && this.#offer(job));
        return;
      default:
        this.#running.add(now() - job.startedAt!);
        this.#end(job, outcome);
    }
  }

  #end(job: KeptJob, end: JobEnd | { readonly state: 'cancelled' }): void {
    this.#move(job, end.state);
    job.finishedAt = now();
    this.#endpoint.onEnd(end.state, job.finishedAt - job.createdAt);
    job.task = undefined;
    this.#due.delete(job);
    if (end.state !== 'cancelled') job.result = end.result;
    if (end.state === 'failed') job.failure = end.failure;
    if (end.state === 'succeeded') job.progress = 1;
    const { controller } = job;
    job.controller = undefined;
    controller?.abort();
    this.#waiters.tell(job.id);
    this.#timers.clear(job.expiry);
    job.expiry = this.#timers.set(this.#endpoint.resultTtl, () => this.#forget(job));
  }

  /** One that nobody has run, when it has been kept past its deadline for as long as others past their end. */
  #forgetWaiting(job: KeptJob): void {
    if (job.state !== 'queued') return;
    job.task = undefined;
    this.#due.delete(job);
    this.#forget(job);
  }

  #forget(job: KeptJob): void {
    const { id, key, state, expiry } = job;
    this.#timers.clear(expiry);
    this.#jobs.delete(id);
    this.#states[state].delete(job);
    if (key !== undefined && this.#keys.get(key) === id) this.#keys.delete(key);
  }
}

/** The time of day by a clock that nobody sets: of ages nothing is left where one is set by an hour. */
function now(): number {
  return Math.floor(performance.timeOrigin + performance.now());
}
