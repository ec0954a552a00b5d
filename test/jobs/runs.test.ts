import {
  Catch,
  Controller,
  HttpException,
  UseFilters,
  VersioningType,
  type ArgumentsHost,
} from '@nestjs/common';
import {
  ModelEndpoint,
  protobufSchema,
  ServingError,
  type PredictContext,
} from 'nestjs-model-serving';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Scrape } from '../metrics/scrape.js';
import { startRedis, type RedisServer } from '../redis-server.js';
import { ADAPTERS } from '../serving-app.js';
import { apart, locationOf, startJobs, type JobApp } from './job-app.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const FAILURES: Record<string, () => Error> = {
  unavailable: () => new ServingError('Unavailable', 'The model is away'),
  deadline: () => new ServingError('DeadlineExceeded', 'Too late'),
  broken: () => new TypeError('undefined is not a model'),
  teapot: () => new HttpException('A teapot', 418),
  gateway: () => new HttpException('No gateway', 502),
  invalid: () => new ServingError('InvalidRequest', 'No'),
  full: () => new ServingError('QueueFull', 'The machine behind it is busy'),
};

let runs = 0;

@ModelEndpoint('/fail', undefined, { jobs: true })
class Failing {
  predict({ how, times }: { how: string; times: number }) {
    if (++runs <= times) throw FAILURES[how]!();
    return { runs };
  }
}

@ModelEndpoint('/hang', undefined, { timeout: 40, jobs: { attempts: 2, timeout: 60_000 } })
class Hanging {
  async predict(_: object, { signal }: PredictContext) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
}

/** On a busy machine further runs may be late as well. */
@ModelEndpoint('/hang-once', undefined, { timeout: 40, jobs: { attempts: 10, timeout: 60_000 } })
class HangingOnce {
  async predict(_: object, { signal }: PredictContext) {
    if (++runs === 1) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { runs };
  }
}

@ModelEndpoint('/late', undefined, { jobs: { timeout: 40, maxWaiting: 1 } })
class Late {
  async predict(_: object, { signal }: PredictContext) {
    runs++;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
}

/** Gets far at first, and fails. */
@ModelEndpoint('/stumble', undefined, { jobs: true })
class Stumbling {
  async predict(_: object, context: PredictContext) {
    if (++runs > 1) return new Promise<object>((resolve) => (go = () => resolve({})));
    context.progress(0.75);
    throw FAILURES['unavailable']!();
  }
}

let go: () => void;
let aborted: Promise<void>;

@ModelEndpoint('/long', undefined, { jobs: true })
class Long {
  async predict(_: object, context: PredictContext) {
    aborted = new Promise((resolve) => context.signal.addEventListener('abort', () => resolve()));
    context.progress(Number.NaN);
    context.progress(0.25);
    await new Promise<void>((resolve) => (go = resolve));
    context.progress(7);
    return {};
  }
}

@ModelEndpoint('/batch', undefined, { batch: { maxSize: 4 }, jobs: true })
class Batch {
  static sizes: number[] = [];
  static go: Promise<void>;
  async predict(inputs: { n: number }[]) {
    Batch.sizes.push(inputs.length);
    await Batch.go;
    return inputs;
  }
}

/** Answers with what no client can get. */
@Catch()
class Speechless {
  catch(error: Error, host: ArgumentsHost) {
    const response = host.switchToHttp().getResponse();
    if (error.message === 'status') response.statusCode = 7.5;
    const answer = { bigint: { n: 1n }, function: () => {}, large: 'x'.repeat(2_000) };
    response.send(answer[error.message as keyof typeof answer] ?? 'no status');
  }
}

@UseFilters(Speechless)
@ModelEndpoint('/speechless', undefined, { maxConcurrency: 1, jobs: { maxResult: 1_000 } })
class Answerless {
  predict({ how }: { how: string }) {
    runs++;
    throw new Error(how);
  }
}

@ModelEndpoint('/', undefined, { jobs: true })
class AtRoot {
  predict() {
    return { by: 'root' };
  }
}

@ModelEndpoint('/root', undefined, { jobs: true })
class CalledRoot {
  predict() {
    return { by: 'called root' };
  }
}

@Controller({ version: '1' })
class Versioned {
  @ModelEndpoint('/a', undefined, { jobs: true })
  predict() {
    return { by: 'version 1' };
  }
}

@ModelEndpoint('/a@1', undefined, { jobs: true })
class CalledVersion {
  predict() {
    return { by: 'called version' };
  }
}

@Controller({ host: '127.0.0.1' })
class OfAddress {
  @ModelEndpoint('/hosted', undefined, { jobs: true })
  predict() {
    return { by: 'address' };
  }
}

@Controller({ host: 'localhost' })
class OfName {
  @ModelEndpoint('/hosted', undefined, { jobs: true })
  predict() {
    return { by: 'name' };
  }
}

/** Tells how many jobs of an endpoint have ended from now on, by state. */
async function endsOf(endpoint: string, { request }: JobApp) {
  const count = async () =>
    new Scrape(String((await request('GET', '/__metrics')).body)).by(
      'state',
      'model_serving_job_duration_seconds_count',
      { endpoint },
    );
  const before = await count();
  return async () => {
    const more = Object.entries(await count()).map(
      ([state, ends]) => [state, ends - (before[state] ?? 0)] as const,
    );
    return Object.fromEntries(more.filter(([, ends]) => ends > 0));
  };
}

const controllers = [Failing, Stumbling, Hanging, HangingOnce, Late, Long, Batch, Answerless];

beforeEach(() => {
  runs = 0;
});

describe.each(ADAPTERS)('on %s', (adapter) => {
  describe.each(['Redis', 'memory'] as const)('jobs in %s', (keeper) => {
    const start = (more = {}) =>
      startJobs(
        adapter,
        { controllers },
        { ...apart(keeper === 'memory' ? 'memory' : redis.url), ...more },
      );

    it('are tried again where that may help, as often as they may', async () => {
      const { submit, ended, request } = await start();
      for (const how of ['unavailable', 'deadline', 'broken']) {
        runs = 0;
        const recovered = locationOf(await submit('/fail', { how, times: 2 }));
        expect(await ended(recovered)).toMatchObject({ state: 'succeeded', attempts: 3 });
        runs = 0;
        const lost = locationOf(await submit('/fail', { how, times: 3 }));
        expect(await ended(lost)).toMatchObject({ state: 'failed', attempts: 3 });
        runs = 0;
        const sync = await request('POST', '/fail', { how, times: 3 });
        const result = await request('GET', `${lost}/result`);
        expect(result.status).toBe(sync.status);
        expect(result.body).toMatchObject({ error: sync.body.error, code: sync.body.code });
      }
      for (const how of ['teapot', 'gateway', 'invalid', 'full']) {
        runs = 0;
        const location = locationOf(await submit('/fail', { how, times: 1 }));
        expect(await ended(location)).toMatchObject({ state: 'failed', attempts: 1 });
      }
    });

    it('have not been waiting while they ran, or until they are due again', async () => {
      const { submit, until, request } = await start({ backoff: 90_000 });
      const location = locationOf(await submit('/fail', { how: 'unavailable', times: 1 }));
      await until(location, ({ state, attempts }) => state === 'queued' && attempts === 1);
      const scrape = new Scrape(String((await request('GET', '/__metrics')).body));
      const ofRoute = { endpoint: '/fail' };
      expect(scrape.by('state', 'model_serving_jobs', ofRoute)).toMatchObject({ queued: 1 });
      expect(scrape.select('model_serving_job_oldest_waiting_seconds', ofRoute)).toMatchObject([
        { value: 0 },
      ]);
      expect((await request('GET', location)).headers.get('retry-after')).toBe('60');
    });

    it('have a deadline for each run, and one for all of them', async () => {
      const { submit, ended, request } = await start();
      const again = await ended(locationOf(await submit('/hang-once', {})));
      expect(again.state).toBe('succeeded');
      expect(again.attempts).toBeGreaterThan(1);
      const never = locationOf(await submit('/hang', {}));
      expect(await ended(never)).toMatchObject({
        state: 'failed',
        attempts: 2,
        error: { code: 'DEADLINE_EXCEEDED' },
      });
      expect((await request('GET', `${never}/result`)).status).toBe(504);
      const late = locationOf(await submit('/late', {}));
      expect(await ended(late)).toMatchObject({
        state: 'failed',
        error: { code: 'DEADLINE_EXCEEDED' },
      });
    });

    it('fail at their deadline where nobody runs them', async () => {
      const app = await start({ process: false });
      const { submit, ended } = app;
      const ends = await endsOf('/late', app);
      const location = locationOf(await submit('/late', {}));
      // It leaves its place to others.
      const next = await vi.waitUntil(async () => {
        const answer = await submit('/late', {});
        return answer.status === 202 && locationOf(answer);
      });
      expect(await ended(location)).toMatchObject({
        state: 'failed',
        attempts: 0,
        error: { code: 'DEADLINE_EXCEEDED' },
      });
      expect(runs).toBe(0);
      // On a busy machine it has failed as it was taken in.
      await ended(next);
      expect(await ends()).toEqual({ failed: 2 });
    });

    it.each([30, -30])(
      'are as old as they are where the clock is set by %i hours',
      async (hours) => {
        onTestFinished(() => void vi.useRealTimers());
        const { submit, request, until } = await start();
        const location = locationOf(await submit('/long', {}));
        await until(location, ({ progress }) => progress !== undefined);
        const waiting = await start({ process: false });
        const queued = locationOf(await waiting.submit('/fail', {}));
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 });
        expect((await waiting.request('GET', queued)).body.state).toBe('queued');
        go();
        const waited = await request('GET', `${location}/result`, undefined, { prefer: 'wait=60' });
        expect(waited.status).toBe(200);
        const { createdAt, finishedAt } = (await request('GET', location)).body;
        const age = Date.parse(finishedAt) - Date.parse(createdAt);
        expect(age).toBeGreaterThanOrEqual(0);
        expect(age).toBeLessThan(3_600_000);
      },
    );

    it('fail where a filter answers what cannot be sent, and others run after them', async () => {
      const { submit, ended, request } = await start();
      for (const how of ['bigint', 'function', 'status', 'large']) {
        runs = 0;
        const { status, code } =
          how === 'large'
            ? { status: 413, code: 'RESOURCE_EXHAUSTED' }
            : { status: 500, code: 'INTERNAL' };
        const before = await countedAs('/speechless', status);
        const location = locationOf(await submit('/speechless', { how }));
        expect(await ended(location)).toMatchObject({
          state: 'failed',
          attempts: 3,
          error: { code },
        });
        expect(await request('GET', `${location}/result`)).toMatchObject({
          status,
          body: { code },
        });
        expect(runs).toBe(3);
        // Counted with the status of the result, whatever the filter said.
        expect(await countedAs('/speechless', status)).toBe(before + 3);
      }
    });

    it('show their progress', async () => {
      const { submit, until, ended } = await start();
      const location = locationOf(await submit('/long', {}));
      const job = await until(location, ({ progress }) => progress !== undefined);
      expect(job).toMatchObject({ state: 'running', progress: 0.25, attempts: 1 });
      go();
      expect(await ended(location)).toMatchObject({ state: 'succeeded', progress: 1 });
    });

    it('show none of the progress of a run that failed', async () => {
      const { submit, until, ended } = await start();
      const location = locationOf(await submit('/stumble', {}));
      await expect.poll(() => runs).toBe(2);
      const job = await until(location, ({ state }) => state === 'running');
      expect(job).toMatchObject({ attempts: 2 });
      expect(job).not.toHaveProperty('progress');
      go();
      await ended(location);
    });

    it('are cancelled while they wait and while they run', async () => {
      const app = await start();
      const { submit, until, request } = app;
      const ends = await endsOf('/long', app);
      const running = locationOf(await submit('/long', {}));
      await until(running, ({ progress }) => progress !== undefined);
      const told = await request('DELETE', running);
      expect(told.status).toBe(202);
      await aborted;
      go();
      expect(await request('GET', running)).toMatchObject({
        status: 200,
        body: { state: 'cancelled', done: true },
      });
      expect(await request('GET', `${running}/result`)).toMatchObject({
        status: 409,
        body: { code: 'ABORTED' },
      });
      const idle = await start({ process: false });
      const waiting = locationOf(await idle.submit('/long', {}));
      expect((await idle.request('DELETE', waiting)).status).toBe(204);
      expect((await idle.request('GET', waiting)).body.state).toBe('cancelled');
      expect((await idle.request('GET', `${waiting}/result`)).status).toBe(409);
      expect(await ends()).toEqual({ cancelled: 2 });
    });

    it('fill the batches of their endpoint', async () => {
      Batch.sizes = [];
      let release!: () => void;
      Batch.go = new Promise((resolve) => (release = resolve));
      const { submit, ended } = await start();
      const first = locationOf(await submit('/batch', { n: 0 }));
      await expect.poll(() => Batch.sizes).toEqual([1]);
      const rest = await Promise.all([1, 2, 3, 4].map((n) => submit('/batch', { n })));
      await expect.poll(async () => (await (await fetchMetrics()).match(DEPTH))?.[1]).toBe('4');
      release();
      for (const location of [first, ...rest.map(locationOf)]) await ended(location);
      expect(Batch.sizes).toEqual([1, 4]);
    });
  });
});

describe.each(ADAPTERS)('on %s, endpoints of like names in one Redis', (adapter) => {
  it('run the jobs of their own', async () => {
    // Fastify has one route for both hosts.
    const ofHosts = adapter === 'express' ? [OfAddress, OfName] : [];
    const app = await startJobs(
      adapter,
      {
        controllers: [AtRoot, CalledRoot, Versioned, CalledVersion, ...ofHosts],
        setUp: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-v' }),
      },
      apart(redis.url),
    );
    const places = [
      { path: '/', by: 'root' },
      { path: '/root', by: 'called root' },
      { path: '/a', by: 'version 1', headers: { 'x-v': '1' } },
      { path: '/a@1', by: 'called version' },
      { path: '/hosted', by: 'address' },
      { path: app.url.replace('127.0.0.1', 'localhost') + '/hosted', by: 'name' },
    ];
    for (const { path, by, headers } of places) {
      if (path.endsWith('/hosted') && ofHosts.length === 0) continue;
      const waiting = { prefer: 'respond-async, wait=60', ...headers };
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => app.submit(path, {}, waiting as Record<string, string>)),
      );
      expect(answers.map(({ body }) => body)).toEqual(answers.map(() => ({ by })));
    }
  });

  it('are shown together where they are of one route', async () => {
    const versions = ['1', '2'].map((version) => {
      @Controller({ version })
      class OfVersion {
        @ModelEndpoint('/shared', undefined, { jobs: true })
        predict() {
          return {};
        }
      }
      return OfVersion;
    });
    const { submit, request } = await startJobs(
      adapter,
      {
        controllers: versions,
        setUp: (app) => app.enableVersioning({ type: VersioningType.HEADER, header: 'x-v' }),
      },
      { ...apart(redis.url), process: false },
    );
    for (const version of ['1', '1', '2']) await submit('/shared', {}, { 'x-v': version });
    const scrape = new Scrape(String((await request('GET', '/__metrics')).body));
    const ofRoute = { endpoint: '/shared' };
    expect(scrape.by('state', 'model_serving_jobs', ofRoute)).toEqual({ queued: 3 });
    expect(scrape.select('model_serving_job_oldest_waiting_seconds', ofRoute)).toHaveLength(1);
  });
});

it('validates a waiting job against the schema of the version that runs it', async () => {
  const versionOf = (type: string) => {
    const text = `syntax = "proto3"; message Request { ${type} x = 1; } message Response { ${type} x = 1; }`;
    class Versioned {
      predict({ x }: { x: unknown }) {
        return { x };
      }
    }
    const schema = protobufSchema({ file: `${type}.proto`, files: { [`${type}.proto`]: text } });
    ModelEndpoint('/versioned', schema, { jobs: true })(Versioned);
    return { controllers: [Versioned] };
  };
  const options = apart(redis.url);
  const front = await startJobs('express', versionOf('string'), { ...options, process: false });
  const right = locationOf(await front.submit('/versioned', { x: '7' }));
  const wrong = locationOf(await front.submit('/versioned', { x: 'seven' }));
  await startJobs('fastify', versionOf('int32'), options);
  await front.ended(right);
  expect((await front.request('GET', `${right}/result`)).body).toEqual({ x: 7 });
  expect(await front.ended(wrong)).toMatchObject({
    state: 'failed',
    attempts: 1,
    error: { code: 'INVALID_ARGUMENT', details: [{ path: '$.x' }] },
  });
});

const DEPTH = /model_serving_queue_depth\{endpoint="\/batch"\} (\d+)/;

async function fetchMetrics(): Promise<string> {
  const { register } = await import('prom-client');
  return register.metrics();
}

/** How many runs of jobs ended with a status. */
async function countedAs(endpoint: string, status: number): Promise<number> {
  const labels = `endpoint="${endpoint}",method="job",status="${status}"`;
  const count = new RegExp(`request_duration_seconds_count\\{${labels}\\} (\\d+)`);
  return Number(count.exec(await fetchMetrics())?.[1] ?? 0);
}
