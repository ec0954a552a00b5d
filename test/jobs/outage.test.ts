import { Redis } from 'ioredis';
import { ModelEndpoint } from 'nestjs-model-serving';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { defineScripts, runScript } from '../../src/jobs/redis-scripts.js';
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
