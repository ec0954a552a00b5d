import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { freePort, startRedis, type RedisServer } from '../redis-server.js';
import { FixtureProcess } from '../serve/fixture-process.js';

/** How many jobs go through a fault. */
const JOBS = 1_000;
/** Milliseconds after which a worker is missed. */
const LOCK = 4_000;

interface Scene {
  redis: RedisServer;
  front: FixtureProcess;
  workers: FixtureProcess[];
  /** Starts another process in the place of one that has ended. */
  startFront(env?: Record<string, string>): Promise<void>;
  startWorker(env?: Record<string, string>): Promise<void>;
  startRedisAgain(): Promise<void>;
}

/**
 * Sends a thousand jobs while something breaks, and waits until all that were taken have been answered.
 * What was not taken, as its client was told, is sent again with its key.
 */
async function through(breakIt: (scene: Scene) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'redis-'));
  const port = await freePort();
  const frontPort = String(await freePort());
  const redis = await startRedis({ port, directory });
  const env = {
    REDIS_URL: redis.url,
    LOCK_DURATION: String(LOCK),
    CONCURRENCY: '8',
    ATTEMPTS: '20',
    LOG_LEVEL: 'error',
  };
  async function start(more: Record<string, string>): Promise<FixtureProcess> {
    const started = new FixtureProcess('jobs', { ...env, ...more });
    await started.printed(/port (\d+)/);
    return started;
  }
  const scene: Scene = {
    redis,
    front: undefined!,
    workers: [],
    async startFront(more = {}) {
      scene.front = await start({ RUNS_JOBS: 'false', PORT: frontPort, ...more });
    },
    async startWorker(more = {}) {
      scene.workers.push(await start({ SERVE_ROLE: 'worker', ...more }));
    },
    async startRedisAgain() {
      scene.redis = await startRedis({ port, directory });
    },
  };
  onTestFinished(async () => {
    await scene.redis.stop();
    await rm(directory, { recursive: true });
  });
  await scene.startFront();
  await scene.startWorker();
  await scene.startWorker();

  const url = `http://127.0.0.1:${frontPort}`;
  async function submit(n: number): Promise<string> {
    for (;;) {
      try {
        const answer = await fetch(`${url}/work`, {
          method: 'POST',
          headers: { prefer: 'respond-async', 'idempotency-key': `job ${n}` },
          body: JSON.stringify({ n, ms: 20 }),
        });
        await answer.text();
        if (answer.status === 202) return answer.headers.get('location')!;
        expect(answer.status).toBe(503);
      } catch (error) {
        if ((error as Error).name === 'AssertionError') throw error;
      }
      await setTimeout(200);
    }
  }
  async function resultOf(location: string): Promise<{ n: number }> {
    for (;;) {
      try {
        const headers = { prefer: 'wait=20' };
        const answer = await fetch(`${url}${location}/result`, { headers });
        const body = await answer.json();
        if (answer.status === 200) return body as { n: number };
        expect([202, 503]).toContain(answer.status);
      } catch (error) {
        if ((error as Error).name === 'AssertionError') throw error;
      }
      await setTimeout(200);
    }
  }

  const locations: string[] = [];
  let next = 0;
  async function client(): Promise<void> {
    while (next < JOBS) {
      const n = next++;
      locations[n] = await submit(n);
    }
  }
  const sent = Promise.all(Array.from({ length: 8 }, client));
  // The fault falls among jobs that wait, run and come in.
  while (next < JOBS / 4) await setTimeout(10);
  await breakIt(scene);
  await sent;
  let asked = 0;
  async function reader(): Promise<void> {
    while (asked < JOBS) {
      const n = asked++;
      expect((await resultOf(locations[n]!)).n).toBe(n);
    }
  }
  await Promise.all(Array.from({ length: 8 }, reader));
  const begun = scene.workers.flatMap(({ output }) =>
    [...output.matchAll(/begin (\d+) /g)].map(([, n]) => n),
  );
  const twice = begun.length - new Set(begun).size;
  console.log(`${JOBS} jobs, all answered; ${twice} runs were a second one`);
}

it('loses no job where a worker is killed, and killed again', async () => {
  await through(async ({ workers, startWorker }) => {
    workers[0]!.kill('SIGKILL');
    await startWorker();
    workers[1]!.kill('SIGKILL');
    await startWorker();
  });
});

it('loses no job where Redis is killed and has its append-only file', async () => {
  await through(async (scene) => {
    await scene.redis.kill('SIGKILL');
    await setTimeout(1_000);
    await scene.startRedisAgain();
  });
});

it('loses no job where Redis is frozen for 20 s', async () => {
  await through(async ({ redis }) => {
    redis.pause();
    await setTimeout(20_000);
    redis.resume();
  });
});

it('loses no job where Redis is out of memory for a while', async () => {
  await through(async ({ redis }) => {
    const set = (value: string) =>
      execFileSync('redis-cli', ['-p', String(redis.port), 'config', 'set', 'maxmemory', value]);
    set('1');
    await setTimeout(2 * LOCK);
    set('0');
  });
});

it('loses no job where the clocks of all processes differ by hours', async () => {
  await through(async ({ workers, front, startFront, startWorker }) => {
    await startWorker({ CLOCK_SHIFT: '40', FAILS: 'true', BACKOFF: '500' });
    await startWorker({ CLOCK_SHIFT: '-40' });
    front.kill('SIGKILL');
    await front.exited;
    await startFront({ CLOCK_SHIFT: '30' });
    workers[0]!.kill('SIGKILL');
    await setTimeout(2_000);
    workers[2]!.kill('SIGKILL');
  });
});

it('loses no job where the front is started anew', async () => {
  await through(async (scene) => {
    scene.front.kill('SIGKILL');
    await scene.front.exited;
    await scene.startFront();
  });
});

it('loses no job in a deploy, with both versions side by side', async () => {
  await through(async ({ workers, startWorker }) => {
    await startWorker({ VERSION: '2' });
    workers[0]!.kill('SIGTERM');
    await workers[0]!.exited;
    await startWorker({ VERSION: '2' });
    workers[1]!.kill('SIGTERM');
    await workers[1]!.exited;
  });
});
