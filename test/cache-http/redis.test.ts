import { createKeyv } from '@keyv/redis';
import { ModelEndpoint } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { scrapeAtRest } from '../metrics/scrape.js';
import { freePort, redisMissing, startRedis, type RedisServer } from '../redis-server.js';
import { ADAPTERS, startApp, type Adapter, type Answer, type RunningApp } from '../serving-app.js';

const TIMEOUT = 400;
/** What a request may take on a busy machine; a client that queues its commands waits for ever. */
const GENEROUS = 5 * TIMEOUT;

beforeEach(() => register.clear());

@ModelEndpoint('/model', undefined, { cache: true })
class Model {
  #runs = 0;
  predict({ n }: { n: number }) {
    return { n, run: ++this.#runs };
  }
}

async function redis(port?: number): Promise<RedisServer> {
  const server = await startRedis(port === undefined ? {} : { port });
  onTestFinished(() => server.stop());
  return server;
}

async function appOn(adapter: Adapter, port: number, log = new CapturedLog()) {
  const stores = [createKeyv(`redis://127.0.0.1:${port}`)];
  return startApp(adapter, {
    controllers: [Model],
    options: { cache: { stores, timeout: TIMEOUT } },
    setUp: log.attach,
  });
}

async function timed(app: RunningApp, n: number): Promise<Answer & { took: number }> {
  const begun = performance.now();
  const answer = await app.post('/model', { n });
  return { ...answer, took: performance.now() - begun };
}

/** Asks until an answer comes from the cache. */
async function untilHit(app: RunningApp, n = 0): Promise<Answer> {
  return vi.waitFor(
    async () => {
      const answer = await app.post('/model', { n });
      expect(answer.headers.get('x-cache')).toBe('HIT');
      return answer;
    },
    { timeout: 10_000, interval: 20 },
  );
}

/** Another program, which can put what it likes in the place of the only answer. */
async function intrude(port: number): Promise<(value: string) => Promise<unknown>> {
  const intruder = createKeyv(`redis://127.0.0.1:${port}`);
  onTestFinished(() => intruder.disconnect());
  const { client } = intruder.store as import('@keyv/redis').default<unknown>;
  const redis = client as unknown as {
    keys(pattern: string): Promise<string[]>;
    set(key: string, value: string): Promise<unknown>;
  };
  await intruder.get('connect');
  const keys = (await redis.keys('*')).filter((key) => !key.includes('probe'));
  expect(keys).toHaveLength(1);
  return (value) => redis.set(keys[0]!, value);
}

/** A bounded load: `clients` at once, each `requests` in a row; `event` comes after a quarter. */
async function load(app: RunningApp, clients: number, requests: number, event: () => unknown) {
  const answers: (Answer & { took: number })[] = [];
  const client = async (index: number) => {
    for (let request = 0; request < requests; request++) {
      if (index === 0 && request === Math.floor(requests / 4)) await event();
      answers.push(await timed(app, request % 5));
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, index) => client(index)));
  return answers;
}

const warnings = (log: CapturedLog) => log.lines.filter(({ level }) => level === 'warn');

describe.skipIf(redisMissing).each(ADAPTERS)(
  `answers in Redis, on %s ${redisMissing || ''}`,
  (adapter) => {
    it('are shared by two apps', async () => {
      const { port } = await redis();
      const first = await appOn(adapter, port);
      const second = await appOn(adapter, port);
      const made = await untilHit(first);
      const found = await untilHit(second);
      expect(found.body).toEqual(made.body);
      expect(Number(found.headers.get('age'))).toBeGreaterThanOrEqual(0);
    });

    it('are not needed: the app starts and serves without, and uses them when they come', async () => {
      const port = await freePort();
      const log = new CapturedLog();
      const app = await appOn(adapter, port, log);
      expect((await app.get('/__ready')).status).toBe(200);
      for (let n = 1; n <= 10; n++) {
        const { status, headers, took } = await timed(app, 1);
        expect([status, headers.get('x-cache')]).toEqual([200, 'MISS']);
        expect(took).toBeLessThan(GENEROUS);
      }
      expect((await scrapeAtRest(app)).lookups('/model')).toEqual({ error: 10 });
      expect(warnings(log)).toHaveLength(1);
      await redis(port);
      await untilHit(app);
      expect(warnings(log)).toHaveLength(1);
    });

    it('may vanish under load (SIGKILL), and come back', async () => {
      const server = await redis();
      const log = new CapturedLog();
      const app = await appOn(adapter, server.port, log);
      await untilHit(app);
      const answers = await load(app, 8, 40, () => server.kill('SIGKILL'));
      expect(answers).toHaveLength(320);
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(GENEROUS);
      expect(warnings(log)).toHaveLength(1);
      const found = await scrapeAtRest(app);
      expect(found.lookups('/model')['error']).toBeGreaterThan(0);
      expect(Object.keys(found.outcomes('/model'))).toEqual(['ok']);
      await redis(server.port);
      await untilHit(app, 99);
      expect(warnings(log)).toHaveLength(1);
    });

    it('may hang under load (SIGSTOP): nobody waits past the time limit', async () => {
      const server = await redis();
      const log = new CapturedLog();
      const app = await appOn(adapter, server.port, log);
      await untilHit(app);
      const begun = performance.now();
      const answers = await load(app, 8, 40, () => server.pause());
      expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
      expect(Math.max(...answers.map(({ took }) => took))).toBeLessThan(GENEROUS);
      // Nor does each request find out anew: 30 in a row would take 12 seconds.
      expect(performance.now() - begun).toBeLessThan(30 * TIMEOUT);
      expect(warnings(log)).toHaveLength(1);
      server.resume();
      await untilHit(app, 99);
      expect(warnings(log)).toHaveLength(1);
    });

    it('may be what others wrote: a miss', async () => {
      const { port } = await redis();
      const log = new CapturedLog();
      const app = await appOn(adapter, port, log);
      await untilHit(app);
      const overwrite = await intrude(port);
      for (const garbage of ['{"value":"1:5:cut"}', '{"value":{"text":1}}', 'no JSON', '']) {
        await overwrite(garbage);
        const { status, headers } = await app.post('/model', { n: 0 });
        expect([status, headers.get('x-cache')]).toEqual([200, 'MISS']);
        await untilHit(app);
      }
      expect((await scrapeAtRest(app)).lookups('/model')['error']).toBe(4);
      expect(warnings(log)).toHaveLength(1);
    });

    it('may be so large that they come too late: a miss, and then overwritten', async () => {
      const { port } = await redis();
      const log = new CapturedLog();
      const app = await appOn(adapter, port, log);
      await untilHit(app);
      const overwrite = await intrude(port);
      await overwrite(JSON.stringify({ value: 'x'.repeat(100 * 2 ** 20) }));
      const { status, headers } = await app.post('/model', { n: 0 });
      expect([status, headers.get('x-cache')]).toEqual([200, 'MISS']);
      await untilHit(app);
      expect(warnings(log).length).toBeLessThanOrEqual(2); // of the entry, and of an outage
    });
  },
);
