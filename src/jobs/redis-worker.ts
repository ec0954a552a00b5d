import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { WaitingError, Worker, type Job } from 'bullmq';
import { ServingError } from '../errors/index.js';
import { deadlineExceeded } from '../execution/index.js';
import { answerOf } from '../gate/failure-answer.js';
import type { JobEnd, JobRequest } from './job.js';
import { failed } from './job-runner.js';
import type { JobWorker, RunJob, RunOutcome, StoredEndpoint } from './job-store.js';
import type { RedisClient, RedisClients } from './redis-clients.js';
import { PostponedJobs } from './postponed-jobs.js';
import type { JobNews } from './redis-news.js';
import {
  finishArguments,
  runForBytes,
  runScript,
  type QueuePlace,
  type ScriptArgument,
} from './redis-scripts.js';

export interface RedisWorkerOptions {
  readonly endpoint: StoredEndpoint;
  readonly place: QueuePlace;
  readonly clients: RedisClients;
  readonly news: JobNews;
  readonly concurrency: number;
  readonly lockDuration: number;
  enqueue(id: string): Promise<void>;
}

/** A run that is under way. */
interface Underway {
  readonly token: string;
  readonly controller: AbortController;
  /** Whether its record has the token. */
  isStarted: boolean;
}

type Started = [Buffer, Buffer, Buffer, number, number, number, number];

/** Milliseconds before what Redis refuses is tried again. */
const RETRY_INTERVAL = 1_000;
/** How long Redis has for a farewell, in milliseconds. */
const FAREWELL = 2_000;

/** Gets the jobs of one endpoint from BullMQ, and keeps in Redis what comes of them. */
export class RedisWorker implements JobWorker {
  readonly #run: RunJob;
  readonly #options: RedisWorkerOptions;
  readonly #client: RedisClient;
  readonly #worker: Worker;
  readonly #underway = new Map<string, Underway>();
  readonly #sweeping: NodeJS.Timeout;
  readonly #postponed: PostponedJobs;
  #isPaused = false;
  #isClosed = false;
  #onIdle: (() => void) | undefined;
  running = 0;

  constructor(run: RunJob, options: RedisWorkerOptions) {
    const { clients, place, news, concurrency, lockDuration } = options;
    this.#run = run;
    this.#options = options;
    this.#client = clients.patient;
    this.#postponed = new PostponedJobs((id) => this.#persist(() => options.enqueue(id)));
    this.#worker = new Worker(place.queue, (job, token) => this.#process(job, token!), {
      connection: this.#client,
      prefix: place.prefix,
      concurrency,
      lockDuration,
      stalledInterval: Math.ceil(lockDuration / 2),
      // The record of the job counts how often its worker was lost.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: RETRY_INTERVAL,
    });
    this.#worker.on('error', (error) => clients.complain(error));
    this.#worker.on('completed', ({ id }, delay) => {
      if (typeof delay === 'number') this.#postponed.add(id!, delay);
    });
    this.#worker.on('lockRenewalFailed', (ids) => {
      for (const id of ids) this.#underway.get(id)?.controller.abort();
    });
    news.listen(
      (id) => this.#underway.get(id)?.controller.abort(),
      () => void this.#lookAfterAll(),
    );
    this.#sweeping = setInterval(() => void this.#sweep(), lockDuration).unref();
  }

  pause(): void {
    this.#isPaused = true;
    clearInterval(this.#sweeping);
    void this.#worker.pause(true);
    this.#postponed.hurry();
  }

  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.running === 0 || this.#isClosed) resolve();
      else this.#onIdle = resolve;
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#onIdle?.();
    clearInterval(this.#sweeping);
    await Promise.race([
      // It would wait for a Redis that is away, with timers that keep the process alive.
      this.#worker
        .close(this.running > 0 || this.#client.status !== 'ready')
        .catch(() => undefined)
        .then(() => this.#postponed.released()),
      setTimeout(FAREWELL, undefined, { ref: false }),
    ]);
  }

  /** @returns milliseconds before its next run, until which BullMQ is to forget it */
  async #process(job: Job, lock: string): Promise<number | undefined> {
    this.running++;
    try {
      return await this.#processOne(job, lock);
    } finally {
      this.running--;
      if (this.running === 0) this.#onIdle?.();
    }
  }

  async #processOne(job: Job, lock: string): Promise<number | undefined> {
    // BullMQ was waiting for a job when it was told to pause, and has got one.
    if (this.#isPaused) return this.#giveBack(job, lock);
    const token = randomUUID();
    const outcome = await this.#outcomeOf(job.id!, token);
    return this.#conclude(job, lock, token, outcome);
  }

  async #outcomeOf(id: string, token: string): Promise<RunOutcome> {
    const { endpoint, place } = this.#options;
    const controller = new AbortController();
    const underway = { token, controller, isStarted: false };
    this.#underway.set(id, underway);
    try {
      const found = await this.#persist(() =>
        runForBytes(this.#client, 'startJob', place.base, id, token, endpoint.timeout),
      );
      const [kind, requestText, body, failures, stalls, timeLeft, attempt] = found as Started;
      // That it is cancelled may be heard before the answer that it has started.
      if (String(kind) !== 'started' || controller.signal.aborted) return { state: 'dropped' };
      underway.isStarted = true;
      const request = JSON.parse(String(requestText)) as JobRequest;
      const end = endOfLost(request, endpoint, stalls, timeLeft);
      if (end !== undefined) return end;
      return await this.#run({
        id,
        request,
        body,
        attempt,
        failures,
        timeLeft,
        signal: controller.signal,
        progress: this.#progressOf(id, token),
      });
    } finally {
      this.#underway.delete(id);
    }
  }

  async #conclude(
    job: Job,
    lock: string,
    token: string,
    outcome: RunOutcome,
  ): Promise<number | undefined> {
    const id = job.id!;
    switch (outcome.state) {
      case 'dropped':
        return undefined;
      case 'retried':
      case 'returned': {
        const isFailure = outcome.state === 'retried' ? 1 : 0;
        const { delay } = outcome;
        const said = await this.#persist(() =>
          this.#script('requeueJob', id, token, isFailure, delay),
        );
        if (said !== 'queued') return undefined;
        return delay === 0 ? this.#giveBack(job, lock) : delay;
      }
      default:
        return this.#finish(id, token, outcome);
    }
  }

  async #giveBack(job: Job, lock: string): Promise<never> {
    await job.moveToWait(lock);
    throw new WaitingError();
  }

  async #finish(id: string, token: string, end: JobEnd): Promise<undefined> {
    const { resultTtl, onEnd } = this.#options.endpoint;
    const args = finishArguments(id, token, end, resultTtl);
    const age = await this.#persist(() => this.#script('finishJob', ...args));
    if (age !== null) onEnd(end.state, Number(age));
  }

  /** Writes of several fractions, while Redis has not taken the one before, the last. */
  #progressOf(id: string, token: string): (fraction: number) => void {
    let next: number | undefined;
    let isWriting = false;
    const write = async () => {
      isWriting = true;
      while (next !== undefined) {
        const fraction = next;
        next = undefined;
        await this.#script('noteProgress', id, token, fraction).catch(() => undefined);
      }
      isWriting = false;
    };
    return (fraction) => {
      next = fraction;
      if (!isWriting) void write();
    };
  }

  #script(name: Parameters<typeof runScript>[1], ...args: ScriptArgument[]) {
    return runScript(this.#client, name, this.#options.place.base, ...args);
  }

  /** Tries until Redis has done it: it may be out of memory, or loading what it had. */
  async #persist(write: () => Promise<unknown>): Promise<unknown> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (this.#isClosed) throw error;
        this.#options.clients.complain(error);
        await setTimeout(RETRY_INTERVAL);
      }
    }
  }

  /** Aborts the runs whose jobs were cancelled, or given to another, while nobody could say so. */
  async #lookAfterAll(): Promise<void> {
    for (const [id, { token, controller, isStarted }] of this.#underway) {
      if (!isStarted) continue;
      const holds = await this.#script('holdsJob', id, token).catch(() => 1);
      if (holds !== 1) controller.abort();
    }
  }

  /** Queues what a front has taken in and then could not queue, as it ended in between. */
  async #sweep(): Promise<void> {
    const { place, lockDuration, enqueue } = this.#options;
    try {
      const bull = `${place.prefix}:${place.queue}`;
      const ids = (await this.#script('findUnqueued', bull, lockDuration)) as string[];
      for (const id of ids) await enqueue(id);
    } catch (error) {
      this.#options.clients.complain(error);
    }
  }
}

/** The end of a job that is not to be run any more. */
function endOfLost(
  { requestId, headers }: JobRequest,
  { attempts }: StoredEndpoint,
  stalls: number,
  timeLeft: number,
): JobEnd | undefined {
  const { accept } = headers;
  if (timeLeft <= 0) return failed(requestId, accept, answerOf(deadlineExceeded()));
  if (stalls <= Math.max(attempts, FEWEST_STALLS)) return undefined;
  const reason = new ServingError('Internal', 'Its worker was lost again and again');
  return failed(requestId, accept, answerOf(reason));
}

/** How often a job may lose its worker, at least: a deploy is no fault of its. */
const FEWEST_STALLS = 3;
