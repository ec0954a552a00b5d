import { Redis } from 'ioredis';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { JobState } from '../../src/jobs/job.js';
import { fillJobsOptions } from '../../src/jobs/jobs-options.js';
import { RedisBackend } from '../../src/jobs/redis-backend.js';
import { defineScripts, runScript } from '../../src/jobs/redis-scripts.js';
import type { RedisStore } from '../../src/jobs/redis-store.js';
import { deferred } from '../endpoint/deferred.js';
import { startRedis } from '../redis-server.js';
import { apart } from './job-app.js';

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
