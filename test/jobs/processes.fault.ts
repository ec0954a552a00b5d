import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { freePort, startRedis, type RedisServer } from '../redis-server.js';
import { ADAPTERS, FixtureProcess } from '../serve/fixture-process.js';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

const JOB = { prefer: 'respond-async' };

type Adapter = (typeof ADAPTERS)[number];

async function start(adapter: Adapter, env: Record<string, string> = {}) {
  const all = { HTTP_ADAPTER: adapter, REDIS_URL: redis.url, LOG_LEVEL: 'warn', ...env };
  const program = new FixtureProcess('jobs', all);
  const [[, port]] = (await program.printed(/port (\d+)/)) as [RegExpMatchArray];
  const url = `http://127.0.0.1:${port}`;
  const ask = async (path: string, init: RequestInit = {}) => {
    const headers = { connection: 'close', ...init.headers };
    const response = await fetch(url + path, { ...init, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  };
  const submit = async (input: object) => {
    const answer = await ask('/work', {
      method: 'POST',
      body: JSON.stringify(input),
      headers: JOB,
    });
    expect(answer.status).toBe(202);
    return answer.headers.get('location')!;
  };
  const ended = async (location: string) => {
    const wait = { headers: { prefer: 'wait=60' } };
    await expect.poll(async () => JSON.parse((await ask(location, wait)).text).done).toBe(true);
    return JSON.parse((await ask(location)).text);
  };
  return { program, ask, submit, ended };
}

it.each(ADAPTERS)('on %s lets one process take jobs and another run them', async (adapter) => {
  const front = await start(adapter, { RUNS_JOBS: 'false' });
  const worker = await start(adapter, { RUNS_JOBS: 'false', SERVE_ROLE: 'worker' });
  expect((await worker.ask('/__ready')).status).toBe(200);
  expect((await worker.ask('/__ping')).status).toBe(200);
  const refused = await worker.ask('/work', { method: 'POST', body: '{"n": 1}' });
  expect(refused.status).toBe(404);
  expect(JSON.parse(refused.text).code).toBe('NOT_FOUND');
  expect((await worker.ask('/work')).status).toBe(404);
  const location = await front.submit({ n: 1 });
  expect((await worker.ask(location)).status).toBe(404);
  expect(await front.ended(location)).toMatchObject({ state: 'succeeded' });
  const { pid } = JSON.parse((await front.ask(`${location}/result`)).text);
  expect(pid).toBe(worker.program.pid);
  expect((await worker.ask('/__metrics')).text).toMatch(
    /model_serving_jobs\{endpoint="\/work",state="succeeded"\} \d/,
  );
});

it('aborts a job that another process has in hand', async () => {
  const front = await start('express', { RUNS_JOBS: 'false' });
  const worker = await start('express', { SERVE_ROLE: 'worker' });
  const location = await front.submit({ n: 2, ms: 60_000 });
  await worker.program.printed(/begin 2 /);
  expect((await front.ask(location, { method: 'DELETE' })).status).toBe(202);
  await worker.program.printed(/abort 2 /);
  expect(JSON.parse((await front.ask(location)).text).state).toBe('cancelled');
});

it('gives jobs back at the end of a drain, and uses up no attempt', async () => {
  const front = await start('fastify', { RUNS_JOBS: 'false' });
  const first = await start('fastify', { SERVE_ROLE: 'worker', SHUTDOWN_TIMEOUT: '50' });
  const location = await front.submit({ n: 3, ms: 1_500 });
  await first.program.printed(/begin 3 /);
  first.program.kill('SIGTERM');
  await first.program.printed(/abort 3 /);
  expect(await first.program.exited).toEqual({ code: 0, signal: null });
  expect(JSON.parse((await front.ask(location)).text)).toMatchObject({
    state: 'queued',
    attempts: 0,
  });
  await start('fastify', { SERVE_ROLE: 'worker' });
  expect(await front.ended(location)).toMatchObject({ state: 'succeeded', attempts: 1 });
});

it.each(['killed', 'frozen'])('ends though the Redis that keeps its jobs is %s', async (how) => {
  const own = await startRedis();
  onTestFinished(() => own.stop());
  const worker = await start('fastify', { REDIS_URL: own.url, SHUTDOWN_TIMEOUT: '50' });
  await worker.submit({ n: 7, ms: 60_000 });
  await worker.program.printed(/begin 7 /);
  if (how === 'killed') await own.kill('SIGKILL');
  else own.pause();
  worker.program.kill('SIGTERM');
  await worker.program.printed(/abort 7 /);
  expect(await worker.program.exited).toEqual({ code: 0, signal: null });
});

it('ends by itself when its app is closed, where there is no Redis', async () => {
  const url = `redis://127.0.0.1:${await freePort()}`;
  const { program } = await start('express', { REDIS_URL: url, CLOSES: 'true' });
  expect(await program.exited).toEqual({ code: 0, signal: null });
});

it('lets jobs end within a drain', async () => {
  const worker = await start('express');
  const location = await worker.submit({ n: 4, ms: 500 });
  await worker.program.printed(/begin 4 /);
  worker.program.kill('SIGTERM');
  expect(await worker.program.exited).toEqual({ code: 0, signal: null });
  const front = await start('express', { RUNS_JOBS: 'false' });
  expect(await front.ended(location)).toMatchObject({ state: 'succeeded', attempts: 1 });
});

it.each(['SIGTERM', 'SIGKILL'] as const)(
  'measures by no clock of the processes, also where one is ended by %s',
  async (signal) => {
    const env = { LOCK_DURATION: '1000', BACKOFF: '1000' };
    const front = await start('express', { ...env, RUNS_JOBS: 'false', CLOCK_SHIFT: '-30' });
    const metric = async (name: string) => {
      const { text } = await front.ask('/__metrics');
      return Number(new RegExp(`${name}\\{endpoint="/work"[^}]*\\} (\\S+)`).exec(text)?.[1]);
    };
    const waiting = await front.submit({ n: 6 });
    expect(JSON.parse((await front.ask(waiting)).text).state).toBe('queued');
    const oldest = await metric('model_serving_job_oldest_waiting_seconds');
    expect(oldest).toBeGreaterThanOrEqual(0);
    expect(oldest).toBeLessThan(3_600);
    // Its runs are to begin again by a clock that the others do not have.
    const broken = { ...env, SERVE_ROLE: 'worker', FAILS: 'true', CLOCK_SHIFT: '40' };
    const first = await start('express', broken);
    await first.program.printed(/begin 6 /);
    await expect.poll(async () => JSON.parse((await front.ask(waiting)).text).state).toBe('queued');
    first.program.kill(signal);
    await first.program.exited;
    await start('express', { ...env, SERVE_ROLE: 'worker', CLOCK_SHIFT: '-20' });
    const job = await front.ended(waiting);
    expect(job).toMatchObject({ state: 'succeeded', attempts: 2 });
    expect(Date.parse(job.finishedAt)).toBeGreaterThanOrEqual(Date.parse(job.createdAt));
  },
);

it.each([
  [{ SERVE_ROLE: 'worker' }, 'in a process of role worker'],
  [{ WORKERS: '2' }, 'where several processes serve one port'],
])('is refused in memory with %o', async (env, place) => {
  const program = new FixtureProcess('jobs', { REDIS_URL: 'memory', ...env });
  await program.printed(
    new RegExp(`JobsModule: expected connection to name a Redis ${place}, got 'memory'`),
  );
});

it('runs a job again whose worker was killed', async () => {
  const front = await start('fastify', { RUNS_JOBS: 'false' });
  const env = { SERVE_ROLE: 'worker', LOCK_DURATION: '1000' };
  const first = await start('fastify', env);
  const location = await front.submit({ n: 5, ms: 60_000 });
  await first.program.printed(/begin 5 /);
  first.program.kill('SIGKILL');
  const second = await start('fastify', env);
  await second.program.printed(/begin 5 /);
  expect(JSON.parse((await front.ask(location)).text)).toMatchObject({
    state: 'running',
    attempts: 2,
  });
  expect((await front.ask(location, { method: 'DELETE' })).status).toBe(202);
  await second.program.printed(/abort 5 /);
});
