import { Queue } from 'bullmq';
import type { JobLevels } from '../metrics/index.js';
import type { JobEnd, JobPace, JobRecord, JobResult, JobState, NewJob, Submission } from './job.js';
import type { JobStore, JobWorker, RunJob, StoredEndpoint } from './job-store.js';
import type { FilledJobsOptions } from './jobs-options.js';
import type { RedisClient, RedisClients } from './redis-clients.js';
import { JobNews } from './redis-news.js';
import {
  finishArguments,
  runScript,
  type QueuePlace,
  type ScriptArgument,
} from './redis-scripts.js';
import { RedisWorker } from './redis-worker.js';

/** How BullMQ is to keep a job: the library's own record is what counts, and decides when it runs again. */
const DELIVERY = {
  removeOnComplete: true,
  removeOnFail: true,
  attempts: Number.MAX_SAFE_INTEGER,
  backoff: { type: 'fixed', delay: 1_000 },
  stackTraceLimit: 0,
};

/** Bytes of a result for which others would wait. */
const LARGE = 64 * 1_024;

/** The jobs of one endpoint in Redis: a record of each by the library, their delivery to workers by BullMQ. */
export class RedisStore implements JobStore {
  readonly #endpoint: StoredEndpoint;
  readonly #clients: RedisClients;
  readonly #options: FilledJobsOptions;
  readonly #place: QueuePlace;
  readonly #news: JobNews;
  #queue: Queue | undefined;
  #worker: RedisWorker | undefined;

  constructor(endpoint: StoredEndpoint, clients: RedisClients, options: FilledJobsOptions) {
    this.#endpoint = endpoint;
    this.#clients = clients;
    this.#options = options;
    const { queue } = endpoint;
    const prefix = `{model-serving:${options.namespace}}`;
    this.#place = { queue, prefix, base: `${prefix}.jobs:${queue}` };
    this.#news = new JobNews(clients, this.#place.base);
  }

  async submit(job: NewJob): Promise<Submission> {
    const { id, scope, request, body, key = '', digest } = job;
    const { timeout, resultTtl, maxWaiting } = this.#endpoint;
    const { requestId } = request;
    const [kind, known] = (await this.#run(
      'submitJob',
      id,
      scope,
      requestId,
      JSON.stringify(request),
      body,
      key,
      digest,
      timeout,
      resultTtl,
      maxWaiting,
    )) as [Submission['kind'], string];
    if (kind !== 'taken') return { kind, id: known };
    try {
      await this.enqueue(id, requestId);
    } catch (error) {
      const became = await this.#run('withdrawJob', id).catch(() => undefined);
      if (became !== 'begun') throw error;
    }
    return { kind, id };
  }

  /** Has BullMQ hand a job out; one that it has already stays as it is. */
  async enqueue(id: string, requestId?: string): Promise<void> {
    await this.#clients.ask(async (client) => {
      const queue = (this.#queue ??= this.#openQueue(client));
      try {
        await queue.add('call', { requestId }, { ...DELIVERY, jobId: id });
      } catch (error) {
        // One that has never come to be ready never will.
        this.#queue = undefined;
        throw error;
      }
    });
  }

  async find(id: string): Promise<JobRecord | undefined> {
    const found = (await this.#run('findJob', id)) as (string | number | null)[];
    const [
      state,
      scope,
      requestId,
      created,
      started,
      finished,
      attempts,
      progress,
      failure,
      due,
      now,
    ] = found;
    if (typeof state !== 'string') return undefined;
    return {
      id,
      scope: String(scope),
      requestId: String(requestId),
      state: state as JobState,
      createdAt: Number(created),
      waitingSince: Number(due ?? created),
      startedAt: numberOf(started),
      finishedAt: numberOf(finished),
      attempts: Number(attempts),
      progress: numberOf(progress),
      failure: typeof failure === 'string' ? JSON.parse(failure) : undefined,
      now: Number(now),
    };
  }

  async result(id: string): Promise<JobResult | undefined> {
    const clients = this.#clients;
    const key = `${this.#place.base}:job:${id}`;
    const ask = (client: RedisClient) =>
      client.hmgetBuffer(key, 'status', 'type', 'headers', 'result');
    const bytes = await clients.ask((client) => client.hstrlen(key, 'result'));
    const [status, type, headers, body] = await (bytes > LARGE
      ? clients.askForMuch(ask)
      : clients.ask(ask));
    if (!status) return undefined;
    return {
      status: Number(status),
      type: String(type),
      headers: JSON.parse(String(headers)),
      body: body!,
    };
  }

  async pace(): Promise<JobPace> {
    const [waiting, running] = await this.#clients.ask((client) =>
      client.hmget(`${this.#place.base}:pace`, 'waiting', 'running'),
    );
    return { waiting: Number(waiting ?? 0), running: Number(running ?? 0) };
  }

  async remove(id: string): Promise<JobState | undefined> {
    const { resultTtl, onEnd } = this.#endpoint;
    const [was, age] = (await this.#run('removeJob', id, resultTtl)) as [JobState?, number?];
    if (age !== undefined) onEnd('cancelled', age);
    // A worker that gets it all the same finds it over.
    if (was === 'queued') await this.#queue?.remove(id).catch(() => undefined);
    return was;
  }

  async expire(id: string, end: JobEnd): Promise<void> {
    const { prefix, queue } = this.#place;
    const { resultTtl, onEnd } = this.#endpoint;
    const args = finishArguments(id, '', end, resultTtl);
    const age = await this.#run('finishJob', ...args, `${prefix}:${queue}:${id}:lock`);
    if (age !== null) onEnd(end.state, Number(age));
  }

  async levels(): Promise<JobLevels> {
    const { timeout, resultTtl } = this.#endpoint;
    const [queued, running, succeeded, failed, cancelled, oldestWaiting] = (await this.#run(
      'countJobs',
      timeout,
      resultTtl,
    )) as [number, number, number, number, number, number];
    return { counts: { queued, running, succeeded, failed, cancelled }, oldestWaiting };
  }

  async whenEnded(id: string, ms: number, signal: AbortSignal): Promise<void> {
    await this.#news.whenEnded(id, ms, signal, async () => {
      const job = await this.find(id);
      return job === undefined || job.finishedAt !== undefined;
    });
  }

  work(run: RunJob, concurrency: number): JobWorker {
    this.#worker = new RedisWorker(run, {
      endpoint: this.#endpoint,
      place: this.#place,
      clients: this.#clients,
      news: this.#news,
      concurrency,
      lockDuration: this.#options.lockDuration,
      enqueue: (id) => this.enqueue(id),
    });
    return this.#worker;
  }

  async close(): Promise<void> {
    await this.#queue?.close().catch(() => undefined);
  }

  #run(name: Parameters<typeof runScript>[1], ...args: ScriptArgument[]) {
    return this.#clients.ask((client) => runScript(client, name, this.#place.base, ...args));
  }

  #openQueue(connection: RedisClient): Queue {
    const { queue: name, prefix } = this.#place;
    // The check of the version would warn again of what has been warned of.
    const queue = new Queue(name, { connection, prefix, skipVersionCheck: true });
    queue.on('error', (error) => this.#clients.complain(error));
    return queue;
  }
}

function numberOf(text: string | number | null | undefined): number | undefined {
  return text === null || text === undefined ? undefined : Number(text);
}
