// node bench/jobs.mjs: the rate of jobs beside that of synchronous calls. Needs `npm run compile` and redis-server.
import 'reflect-metadata';
import { fork, spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { deepPerceptronFile } from './workload/deep-perceptron.mjs';

const ROUNDS = Number(process.env.ROUNDS ?? 3);
const CALLS = Number(process.env.CALLS ?? 1_000);
const CONNECTIONS = 64;
const BODY = JSON.stringify({ features: Array.from({ length: 16 }, (_, i) => i / 16) });

if (process.send === undefined) await compare();
else await serve();

/** One process of the app: a front, a worker or both, as its environment says. */
async function serve() {
  const { ModelEndpoint, ModelServingModule, serve: start } = await import('../dist/src/index.js');
  const { JobsModule } = await import('../dist/src/jobs/index.js');
  const { OnnxModel } = await import('../dist/src/runtimes/onnx/index.js');
  const { Module } = await import('@nestjs/common');
  const { MODEL, REDIS_URL: connection, RUNS_JOBS } = process.env;
  const model = new OnnxModel(MODEL, { session: { intraOpNumThreads: 1 }, clientInput: true });
  class Scores {
    async predict(inputs) {
      const answers = await model.runBatch(inputs);
      return answers.map(({ scores }) => ({ score: scores[0] }));
    }
  }
  const batch = { maxSize: 32, maxDelay: 0 };
  ModelEndpoint('/scores', undefined, { batch, maxQueue: 1_000, jobs: { maxWaiting: 1e6 } })(
    Scores,
  );
  class AppModule {}
  Module({
    imports: [
      ModelServingModule.forRoot(),
      JobsModule.forRoot({ connection, namespace: 'bench', process: RUNS_JOBS === 'true' }),
    ],
    controllers: [Scores],
    providers: [{ provide: OnnxModel, useFactory: () => model }],
  })(AppModule);
  const app = await start(AppModule, { port: 0, host: '127.0.0.1' });
  process.on('message', () => process.send({ cpu: process.cpuUsage() }));
  process.send({ port: app.getHttpServer().address().port });
}

async function compare() {
  const redis = await startRedis();
  console.log('layers  sync/s  CPU ms |  one, /s  CPU ms   share | apart, /s CPU ms  share');
  try {
    for (const depth of (process.env.DEPTHS ?? '4,32,64,128').split(',').map(Number)) {
      await compareAt(depth, redis.url);
    }
  } finally {
    redis.child.kill();
  }
}

async function compareAt(depth, url) {
  const env = { MODEL: deepPerceptronFile(depth), REDIS_URL: url };
  const rounds = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const sync = await withProcess({ ...env, RUNS_JOBS: 'false' }, (app) => drive(app, {}));
    const one = await withProcess({ ...env, RUNS_JOBS: 'true' }, (app) =>
      drive(app, { prefer: 'respond-async, wait=60' }),
    );
    const apart = await drained(env);
    // The first one warms files and Redis.
    if (round > 0) rounds.push([sync, one, apart]);
  }
  const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
  const of = (way, key) => median(rounds.map((round) => round[way][key]));
  const share = (way) => median(rounds.map((round) => round[way].rate / round[0].rate));
  const cells = [0, 1, 2].map((way) =>
    [
      of(way, 'rate').toFixed(0).padStart(7),
      of(way, 'cpu').toFixed(2).padStart(7),
      way === 0 ? '' : `${(100 * share(way)).toFixed(0)} %`.padStart(7),
    ].join(' '),
  );
  console.log(`${String(depth).padStart(6)} ${cells.join(' | ')}`);
}

/** Jobs that wait already, run by a worker that has nothing else to do. */
async function drained(env) {
  return withProcess({ ...env, RUNS_JOBS: 'false' }, async (front) => {
    await send(front, CALLS + CONNECTIONS, { prefer: 'respond-async' });
    return withProcess({ ...env, SERVE_ROLE: 'worker' }, async (worker) => {
      const done = async () => {
        const text = await ask(worker, 'GET', '/__metrics');
        return Number(/job_duration_seconds_count\{[^}]*succeeded"\} (\d+)/.exec(text)?.[1] ?? 0);
      };
      while ((await done()) < CONNECTIONS) await setTimeout(5);
      return measured(worker, async () => {
        const before = await done();
        while ((await done()) < CALLS + CONNECTIONS) await setTimeout(100);
        return CALLS + CONNECTIONS - before;
      });
    });
  });
}

async function drive(app, headers) {
  await send(app, CONNECTIONS * 2, headers);
  return measured(app, () => send(app, CALLS, headers));
}

/** Calls a second, and milliseconds of processor time of each. */
async function measured(app, run) {
  const [before, begun] = [await app.cpu(), performance.now()];
  const calls = await run();
  const [after, ended] = [await app.cpu(), performance.now()];
  const cpu = (after.user + after.system - before.user - before.system) / 1_000;
  return { rate: (calls / (ended - begun)) * 1_000, cpu: cpu / calls };
}

/** A closed loop on so many connections. */
async function send(app, calls, headers) {
  let left = calls;
  async function client() {
    while (left-- > 0) await ask(app, 'POST', '/scores', headers);
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, client));
  return calls;
}

function ask({ port, agent }, method, path, headers = {}) {
  return new Promise((resolve, reject) => {
    const sent = request({ port, agent, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => {
        if (response.statusCode < 300) resolve(text);
        else reject(new Error(`${response.statusCode} ${text}`));
      });
    });
    sent.on('error', reject).end(method === 'POST' ? BODY : undefined);
  });
}

async function withProcess(env, use) {
  const child = fork(new URL(import.meta.url), {
    env: { ...process.env, LOG_LEVEL: 'fatal', ...env },
  });
  const next = () =>
    new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => reject(new Error('The app ended')));
    });
  const agent = new Agent({ keepAlive: true });
  try {
    const { port } = await next();
    const cpu = async () => {
      const told = next();
      child.send('cpu');
      return (await told).cpu;
    };
    return await use({ port, agent, cpu });
  } finally {
    agent.destroy();
    child.removeAllListeners('exit');
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill();
    await exited;
  }
}

async function startRedis() {
  const port = await new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
  const child = spawn('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no']);
  for await (const chunk of child.stdout) if (String(chunk).includes('Ready to accept')) break;
  return { child, url: `redis://127.0.0.1:${port}` };
}
