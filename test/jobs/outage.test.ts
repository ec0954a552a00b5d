import { Redis } from 'ioredis';
import { ModelEndpoint } from 'nestjs-model-serving';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import type { JobState } from '../../src/jobs/job.js';
import { fillJobsOptions } from '../../src/jobs/jobs-options.js';
import { RedisBackend } from '../../src/jobs/redis-backend.js';
import { defineScripts, runScript } from '../../src/jobs/redis-scripts.js';
import type { RedisStore } from '../../src/jobs/redis-store.js';
import { deferred } from '../endpoint/deferred.js';
import { CapturedLog } from '../http/captured-log.js';
import { freePort, startRedis } from '../redis-server.js';
import { ADAPTERS, createApp, type Answer } from '../serving-app.js';
import { apart, locationOf, startJobs } from './job-app.js';

@ModelEndpoint('/double', undefined, { jobs: true })
class Doubler {
  predict({ x }: { x: number }) {
    return { x: 2 * x };
  }
}

@ModelEndpoint('/brief', undefined, { jobs: { timeout: 60_000 } })
class Brief {
  predict() {
    return {};
  }
}

const controllers = [Doubler, Brief];

/** Where a job is that is sent until Redis has taken it: it has two seconds, on a busy machine as well. */
async function taken(submit: () => Promise<Answer>): Promise<string> {
  let answer!: Answer;
  await expect.poll(async () => (answer = await submit()).status).toBe(202);
  return locationOf(answer);
}

describe.each(ADAPTERS)('on %s', (adapter) => {
  it('says 503 at once while Redis is gone, and goes on when it is back', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { submit, request, ended } = await startJobs(adapter, { controllers }, apart(redis.url));
    const location = await taken(() => submit('/double', { x: 1 }));
    await ended(location);
    await redis.kill('SIGKILL');
    await expect.poll(async () => (await submit('/double', { x: 1 })).status).toBe(503);
    const refused = await submit('/double', { x: 1 });
    expect(refused.body).toMatchObject({ code: 'UNAVAILABLE' });
    expect(refused.headers.get('retry-after')).toBe('1');
    for (const method of ['GET', 'DELETE']) {
      expect((await request(method, location)).status).toBe(503);
    }
    expect((await request('POST', '/double', { x: 2 })).body).toEqual({ x: 4 });
    expect(String((await request('GET', '/__metrics')).body)).not.toMatch(/model_serving_jobs\{/);
    const again = await startRedis({ port: redis.port });
    onTestFinished(() => again.stop());
    await expect.poll(async () => (await submit('/double', { x: 3 })).status).toBe(202);
    expect((await ended(locationOf(await submit('/double', { x: 3 })))).state).toBe('succeeded');
  });

  it('says 503 where Redis does not answer, and loses nothing by it', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const { submit, request, ended } = await startJobs(adapter, { controllers }, apart(redis.url));
    const location = await taken(() => submit('/double', { x: 1 }));
    redis.pause();
    expect((await submit('/double', { x: 1 })).status).toBe(503);
    expect((await request('POST', '/double', { x: 2 })).body).toEqual({ x: 4 });
    redis.resume();
    await expect.poll(async () => (await request('GET', location)).status).toBe(200);
    expect((await ended(location)).state).toBe('succeeded');
  });

  it('starts without Redis, and takes jobs when there is one', async () => {
    const port = await freePort();
    const options = apart({ host: '127.0.0.1', port });
    const { submit, request, ended } = await startJobs(adapter, { controllers }, options);
    expect((await submit('/double', { x: 1 })).status).toBe(503);
    expect((await request('POST', '/double', { x: 2 })).body).toEqual({ x: 4 });
    const redis = await startRedis({ port });
    onTestFinished(() => redis.stop());
    await expect.poll(async () => (await submit('/double', { x: 3 })).status).toBe(202);
    expect((await ended(locationOf(await submit('/double', { x: 3 })))).state).toBe('succeeded');
  });

  it('makes connections of its own of a client or an address that connects late and does not queue', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const client = new Redis(redis.url, {
      lazyConnect: true,
      enableOfflineQueue: false,
      commandTimeout: 100,
      stringNumbers: true,
    });
    const options = apart(client);
    const address = `${redis.url}?enableOfflineQueue=false&lazyConnect=true&autoResubscribe=false`;
    const ofFront = { ...options, connection: address, process: false };
    const front = await startJobs(adapter, { controllers }, ofFront);
    const location = await taken(() => front.submit('/double', { x: 1 }));
    const waiting = front.request('GET', location, undefined, { prefer: 'wait=60' });
    await startJobs(adapter, { controllers }, options);
    expect(await waiting).toMatchObject({ status: 200, body: { state: 'succeeded' } });
  });

  it('asks for jobs by a connection an endpoint, and has three more for all of them', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const warnings: string[] = [];
    const note = ({ message }: Error) => void warnings.push(message);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const paths = Array.from({ length: 12 }, (_, index) => `/twelve/${index}`);
    const twelve = paths.map((path) => {
      @ModelEndpoint(path, undefined, { jobs: true })
      class OneOfTwelve {
        predict() {
          return { path };
        }
      }
      return OneOfTwelve;
    });
    const { submit } = await startJobs(adapter, { controllers: twelve }, apart(redis.url));
    const wait = { prefer: 'respond-async, wait=60' };
    const answers = await Promise.all(paths.map((path) => submit(path, {}, wait)));
    expect(answers.map(({ body }) => body)).toEqual(paths.map((path) => ({ path })));
    const clients = execFileSync('redis-cli', ['-p', String(redis.port), 'client', 'list']);
    // This one is among them.
    expect(String(clients).match(/^id=/gm)).toHaveLength(paths.length + 3 + 1);
    expect(warnings).toEqual([]);
  });

  it('says 503 where Redis is out of memory, and takes jobs again when it is not', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const cli = (...args: string[]) =>
      execFileSync('redis-cli', ['-p', String(redis.port), ...args]);
    const { submit, request } = await startJobs(adapter, { controllers }, apart(redis.url));
    cli('config', 'set', 'maxmemory', '1');
    expect((await submit('/double', { x: 1 })).status).toBe(503);
    expect((await request('POST', '/double', { x: 2 })).body).toEqual({ x: 4 });
    cli('config', 'set', 'maxmemory', '0');
    expect((await submit('/double', { x: 1 })).status).toBe(202);
  });

  it('says 503 to who sends a key again whose job was taken back', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const options = { ...apart(redis.url), process: false };
    const { submit } = await startJobs(adapter, { controllers }, options);
    const key = { 'idempotency-key': 'one' };
    const location = locationOf(await submit('/double', { x: 1 }, key));
    const patient = { ...key, prefer: 'respond-async, wait=60' };
    const again = submit('/double', { x: 1 }, patient);
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    const base = `{model-serving:${options.namespace}}.jobs:/double`;
    await expect.poll(() => client.pubsub('NUMSUB', `${base}:news`)).toContain(1);
    defineScripts(client);
    await runScript(client, 'withdrawJob', base, location.split('/').at(-1)!);
    expect(await again).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    expect(locationOf(await submit('/double', { x: 1 }, key))).not.toBe(location);
  });

  it('fails a job at its deadline whose worker is gone, and leaves it to one that is there', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const options = { ...apart(redis.url), process: false };
    const { submit, request, ended } = await startJobs(adapter, { controllers }, options);
    const location = await taken(() => submit('/brief', {}));
    const id = location.split('/').at(-1)!;
    const client = new Redis(redis.url);
    onTestFinished(() => client.disconnect());
    const prefix = `{model-serving:${options.namespace}}`;
    await client.set(`${prefix}:/brief:${id}:lock`, 'of a worker');
    defineScripts(client);
    await runScript(client, 'startJob', `${prefix}.jobs:/brief`, id, 'token', 60_000);
    await client.hincrby(`${prefix}.jobs:/brief:job:${id}`, 'created', -60_000);
    expect((await request('GET', location)).body).toMatchObject({ state: 'running' });
    await client.del(`${prefix}:/brief:${id}:lock`);
    expect(await ended(location)).toMatchObject({
      state: 'failed',
      attempts: 1,
      error: { code: 'DEADLINE_EXCEEDED' },
    });
    expect((await request('GET', `${location}/result`)).status).toBe(504);
  });

  it('warns of a Redis that may throw jobs away, and of jobs in memory', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const log = new CapturedLog();
    const args = ['-p', String(redis.port), 'config', 'set', 'maxmemory-policy', 'allkeys-lru'];
    execFileSync('redis-cli', args);
    const parts = { controllers, setUp: log.attach };
    await startJobs(adapter, parts, apart(redis.url));
    await startJobs(adapter, parts, apart('memory'));
    const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text);
    expect(warnings.join()).toMatch(/maxmemory-policy allkeys-lru.*set noeviction/);
    expect(warnings.join()).toMatch(/Jobs are kept in this process and end with it/);
  });

  it('shows the levels of the shared queue, from every process', async () => {
    const redis = await startRedis();
    onTestFinished(() => redis.stop());
    const options = apart(redis.url);
    const front = await startJobs(adapter, { controllers }, { ...options, process: false });
    await front.submit('/double', { x: 1 });
    const text = String((await front.request('GET', '/__metrics')).body);
    expect(text).toMatch(/model_serving_jobs\{endpoint="\/double",state="queued"\} 1/);
    expect(text).toMatch(/model_serving_job_oldest_waiting_seconds\{endpoint="\/double"\} [\d.]+/);
    const worker = await startJobs(adapter, { controllers }, options);
    await expect
      .poll(async () => String((await worker.request('GET', '/__metrics')).body))
      .toMatch(/model_serving_jobs\{endpoint="\/double",state="succeeded"\} 1/);
    const after = String((await worker.request('GET', '/__metrics')).body);
    expect(after).toMatch(
      /model_serving_job_duration_seconds_count\{endpoint="\/double",state="succeeded"\} \d/,
    );
    expect(after).toMatch(
      /model_serving_request_duration_seconds_count\{endpoint="\/double",method="job",status="200"\}/,
    );
  });
});

describe('The boot of an app with jobs', () => {
  const { NODE_ENV } = process.env;
  afterEach(() => {
    process.env.NODE_ENV = NODE_ENV;
  });
  const start = (...parts: Parameters<typeof createApp>) =>
    createApp(...parts).then(async (app) => {
      onTestFinished(() => app.close());
      await app.init();
    });

  it('is refused without JobsModule, and with jobs in memory in production', async () => {
    await expect(start('express', { controllers })).rejects.toThrow(
      'Doubler: expected JobsModule of nestjs-model-serving/jobs among the imports',
    );
    process.env.NODE_ENV = 'production';
    const imports = [JobsModule.forRoot({ connection: 'memory' })];
    await expect(start('express', { controllers, imports })).rejects.toThrow(
      "where NODE_ENV is production, got 'memory'",
    );
  });

  it.each(ADAPTERS)('is refused with two of the module, on %s', async (adapter) => {
    const imports = [1, 2].map(() => JobsModule.forRoot({ connection: 'memory' }));
    await expect(start(adapter, { controllers, imports })).rejects.toThrow(
      'JobsModule: expected one forRoot() or forRootAsync() of it in the whole app, got several',
    );
  });

  it.each([
    [{ connection: 'redis' }, 'JobsModule: expected connection to be'],
    [{ connection: 'redis://localhost:99999' }, 'JobsModule: expected connection to be'],
    [{ connection: 'redis://localhost?keyPrefix=a:' }, 'without keyPrefix, of which BullMQ knows'],
    [{ connection: { url: 'redis://localhost?keyPrefix=a:' } }, 'without keyPrefix, of which'],
    [
      { connection: { keyPrefix: 'a:' } },
      "to be without keyPrefix, of which BullMQ knows nothing: namespace sets apps apart, got 'a:'",
    ],
    [{ connection: 'memory', resultTtl: 0 }, 'JobsModule: expected resultTtl to be'],
    [{ connection: 'memory', proces: true }, 'got the unknown option "proces"'],
    [{}, 'JobsModule: expected connection to be'],
  ])('is refused for %o', async (options, message) => {
    const imports = [JobsModule.forRoot(options as never)];
    await expect(start('express', { controllers, imports })).rejects.toThrow(message);
  });

  it('is refused for a path that has no end, and for an option that makes no sense', async () => {
    const imports = [JobsModule.forRoot({ connection: 'memory' })];
    class Files {
      predict() {
        return {};
      }
    }
    ModelEndpoint('/files/*path', undefined, { jobs: true })(Files);
    await expect(start('express', { controllers: [Files], imports })).rejects.toThrow(
      'Files: expected a path of literals and parameters beside jobs',
    );
    class Odd extends Files {}
    ModelEndpoint('/odd', undefined, { jobs: { attempts: 0 } })(Odd);
    await expect(start('express', { controllers: [Odd], imports })).rejects.toThrow(
      'Odd: expected jobs.attempts to be a whole number of at least 1, got 0',
    );
  });
});

/** @param pass whether an answer of Redis reaches the store, or breaks the connection it comes by */
async function openStore(pass: (answer: Buffer) => Promise<boolean> = async () => true) {
  const redis = await startRedis();
  const between = createServer((socket) => void forward(socket, redis.port, pass)).listen(0);
  await once(between, 'listening');
  const { port } = between.address() as AddressInfo;
  const { namespace, ...options } = apart({ host: '127.0.0.1', port });
  const backend = await RedisBackend.connect(fillJobsOptions({ namespace, ...options }));
  const limits = { attempts: 3, timeout: 60_000, maxWaiting: 10, resultTtl: 60_000 };
  const ends: JobState[] = [];
  const onEnd = (state: JobState) => ends.push(state);
  const store = backend.open({ queue: 'q', ...limits, onEnd }) as RedisStore;
  const client = new Redis(redis.url);
  defineScripts(client);
  onTestFinished(async () => {
    client.disconnect();
    await backend.close();
    between.close();
    await redis.stop();
  });
  const base = `{model-serving:${namespace}}.jobs:q`;
  /** What another worker does that has got the job, since this one was not heard of. */
  const startElsewhere = (id: string) => runScript(client, 'startJob', base, id, 'other', 60_000);
  const request = { requestId: 'r', url: '/', headers: {}, params: {}, query: {} };
  const job = { id: 'a'.repeat(32), scope: '', request, body: Buffer.from('{}') };
  return { store, client, base, ends, startElsewhere, job: { ...job, key: 'key', digest: 'd' } };
}

async function forward(socket: Socket, port: number, pass: (answer: Buffer) => Promise<boolean>) {
  const redis = connect(port, '127.0.0.1');
  await pipeline(
    socket,
    redis,
    async function* (answers: AsyncIterable<Buffer>) {
      for await (const answer of answers) {
        if (!(await pass(answer))) return;
        yield answer;
      }
    },
    socket,
  ).catch(() => undefined);
}

/** A worker whose runs succeed when they are let go. */
function holdRuns(store: RedisStore) {
  const begun = deferred();
  const end = deferred();
  const result = { status: 200, type: 'text/plain', headers: {}, body: Buffer.from('done') };
  const runs: string[] = [];
  const worker = store.work(async ({ id }) => {
    runs.push(id);
    begun.resolve();
    await end.promise;
    return { state: 'succeeded', result };
  }, 1);
  onTestFinished(() => worker.close());
  return { begun, end, worker, runs };
}

it('a job has not ended where a run has that another one has taken the place of', async () => {
  const { store, ends, startElsewhere, job } = await openStore();
  const { begun, end, worker } = holdRuns(store);
  await store.submit(job);
  await begun.promise;
  await startElsewhere(job.id);
  end.resolve();
  worker.pause();
  await worker.idle();
  expect((await store.levels()).counts).toMatchObject({ running: 1, succeeded: 0 });
  expect(ends).toEqual([]);
  await store.remove(job.id);
  expect(ends).toEqual(['cancelled']);
});

it('a job is not run that is cancelled before its worker knows that it has started', async () => {
  const starting = deferred();
  const { store, job, client, base } = await openStore(async (answer) => {
    if (!answer.includes('started')) return true;
    starting.resolve();
    await cancelled.promise;
    return true;
  });
  const cancelled = deferred();
  const { begun, runs } = holdRuns(store);
  await store.submit(job);
  await starting.promise;
  await expect.poll(() => client.pubsub('NUMSUB', `${base}:news`)).toContain(1);
  const second = { ...job, id: 'c'.repeat(32), key: 'second' };
  await store.submit(second);
  // Word of the first may be that the subscription begins. That of the second is behind it.
  for (const { id } of [job, second]) {
    const told = store.whenEnded(id, 60_000, new AbortController().signal);
    await store.find(id);
    await store.remove(id);
    await told;
  }
  const other = { ...job, id: 'b'.repeat(32), key: 'other' };
  await store.submit(other);
  cancelled.resolve();
  await begun.promise;
  expect(runs).toEqual([other.id]);
});

it('a run begins once, however often its worker has to say so', async () => {
  let isLost = false;
  const { store, job } = await openStore(async (answer) => {
    if (isLost || !answer.includes('started')) return true;
    isLost = true;
    return false;
  });
  const { begun } = holdRuns(store);
  await store.submit(job);
  await begun.promise;
  expect(isLost).toBe(true);
  expect(await store.find(job.id)).toMatchObject({ state: 'running', attempts: 1 });
});

it('large results are read one after the other, and none waits for a Redis that is away', async () => {
  const reading = deferred();
  const broken = deferred();
  let isHeld = false;
  const { store, client, base } = await openStore(async (answer) => {
    if (isHeld || !answer.includes('large')) return true;
    isHeld = true;
    reading.resolve();
    await broken.promise;
    return false;
  });
  const body = 'x'.repeat(65 * 1_024);
  for (const id of ['a', 'b']) {
    const result = { status: 200, type: 'large', headers: '{}', result: body };
    await client.hset(`${base}:job:${id}`, result);
  }
  const monitor = await client.duplicate().monitor();
  onTestFinished(() => monitor.disconnect());
  const asked: string[] = [];
  const others = deferred();
  monitor.on('monitor', (_time, [command = '', key = '']: string[]) => {
    if (command.toLowerCase() !== 'hmget') return;
    asked.push(key.slice(base.length + 1));
    if (key.endsWith(':pace')) others.resolve();
  });
  const results = Promise.allSettled([store.result('a'), store.result('b')]);
  await reading.promise;
  const pace = store.pace().catch(() => undefined);
  await others.promise;
  expect(asked).toEqual(['job:a', 'pace']);
  broken.resolve();
  await pace;
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect.poll(() => store.result('b').catch(() => undefined)).toMatchObject({ status: 200 });
});

it('ids of jobs that are gone go, too, where nobody asks for metrics', async () => {
  const { store, client, base, job } = await openStore();
  await client.zadd(`${base}:cancelled`, 1, 'long gone');
  await store.submit(job);
  await store.remove(job.id);
  expect(await client.zrange(`${base}:cancelled`, 0, -1)).toEqual([job.id]);
});

describe('a job that Redis takes, of which BullMQ says nothing', () => {
  it('is taken where a worker has begun it', async () => {
    const { store, job } = await openStore();
    const { begun, end } = holdRuns(store);
    const enqueue = store.enqueue.bind(store);
    store.enqueue = async (id) => {
      await enqueue(id);
      await begun.promise;
      throw new Error('no answer within 3000 ms');
    };
    expect(await store.submit(job)).toEqual({ kind: 'taken', id: job.id });
    expect((await store.levels()).counts).toMatchObject({ queued: 0, running: 1 });
    end.resolve();
    await store.whenEnded(job.id, 60_000, new AbortController().signal);
    expect((await store.levels()).counts).toMatchObject({ running: 0, succeeded: 1 });
  });

  it('is gone where none has, whoever gets it later', async () => {
    const { store, job } = await openStore();
    const enqueue = store.enqueue.bind(store);
    store.enqueue = async (id) => {
      await enqueue(id);
      throw new Error('no answer within 3000 ms');
    };
    await expect(store.submit(job)).rejects.toThrow('no answer');
    const runs: string[] = [];
    const worker = store.work(async ({ id }) => {
      runs.push(id);
      return { state: 'returned', delay: 0 };
    }, 1);
    onTestFinished(() => worker.close());
    store.enqueue = enqueue;
    const other = { ...job, id: 'b'.repeat(32) };
    expect(await store.submit(other)).toEqual({ kind: 'taken', id: other.id });
    await expect.poll(() => runs[0]).toBe(other.id);
    expect(await store.find(job.id)).toBeUndefined();
  });
});
