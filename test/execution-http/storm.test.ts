import { once } from 'node:events';
import { Agent, request } from 'node:http';
import type { Server } from 'node:http';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { Scrape } from '../load/metrics.js';
import { ADAPTERS, startApp, type Adapter } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { HeldModel } from './held-model.js';
import { levelsAre } from './levels.js';

let model: HeldModel;
beforeEach(() => {
  model = new HeldModel();
});

@ModelEndpoint('/plain', undefined, { maxConcurrency: 1, maxQueue: 1 })
class Plain {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/cached', undefined, { maxConcurrency: 1, maxQueue: 1, cache: true })
class Cached {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

/** An app whose endpoint has no place left. */
async function startFull(adapter: Adapter, path: string) {
  const app = await startApp(adapter, { controllers: [Plain, Cached] });
  const admitted = [app.post(path, { n: 1 }), app.post(path, { n: 2 })];
  await levelsAre(app, { in_flight: 2, queue_depth: 1 });
  onTestFinished(async () => void (await finish()));
  async function finish() {
    vi.useRealTimers();
    for (const n of [0, 1]) (await model.run(n)).resolve({});
    return Promise.all(admitted);
  }
  return { ...app, finish };
}

/** Makes the event loop of a stopped clock look as though it lagged. */
function lagClock(): { lag(): void } {
  const clock = stopClock();
  const now = performance.now.bind(performance);
  let late = 0;
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now() + late);
  onTestFinished(() => spy.mockRestore());
  return {
    lag() {
      late += 50;
      clock.advance(5);
    },
  };
}

describe.each(ADAPTERS)('Refusals in a storm on %s', (adapter) => {
  describe.each(['/plain', '/cached'])('at %s', (path) => {
    /** An app that lags, after as many refusals at once as make a storm. */
    async function startLagging() {
      const app = await startFull(adapter, path);
      const { brake } = app.app.get(EndpointRegistry);
      const clock = lagClock();
      const storm = await Promise.all(Array.from({ length: 20 }, () => app.post(path, { n: 3 })));
      expect(storm.map(({ status }) => status)).toEqual(storm.map(() => 429));
      clock.lag();
      async function held(count: number) {
        while (brake.held !== count) await new Promise(setImmediate);
      }
      return { ...app, lag: clock.lag, held };
    }

    /** How many calls have ended so. */
    async function ended({ url }: { url: string }) {
      const counts = await Scrape.of(url);
      const count = (outcome: string) => counts.sum('requests_total', { endpoint: path, outcome });
      return { cancelled: count('cancelled'), rejected: count('rejected') };
    }

    it('are held back while the event loop lags, then told as ever', async () => {
      const app = await startLagging();
      const refused = app.post(path, { n: 4 });
      await app.held(1);
      // Others are answered meanwhile.
      expect((await app.get('/__ping')).status).toBe(200);
      await app.held(1);
      app.lag();
      expect(await refused).toMatchObject({ status: 429, body: { error: 'Too many requests' } });
      expect((await refused).headers.get('retry-after')).toMatch(/^([1-9]|[12]\d|30)$/);
      await app.held(0);
    });

    it('are dropped when their clients leave', async () => {
      const app = await startLagging();
      const before = await ended(app);
      const leaving = request(`${app.url}${path}`, { method: 'POST' });
      leaving.on('error', () => {});
      leaving.end('{}');
      await app.held(1);
      leaving.destroy();
      await app.held(0);
      await levelsAre(app, { in_flight: 2, queue_depth: 1 });
      const after = await ended(app);
      expect(after).toEqual({ ...before, cancelled: before.cancelled + 1 });
    });

    it('are told at once when the app begins to stop', async () => {
      const app = await startLagging();
      const refused = Array.from({ length: 9 }, (_, n) => app.post(path, { n: n + 4 }));
      await app.held(9);
      const closed = app.close();
      for (const { status } of await Promise.all(refused)) expect(status).toBe(429);
      expect((await app.finish()).map(({ status }) => status)).toEqual([200, 200]);
      await closed;
    });
  });

  it('leave the connection open for the next request', async () => {
    const app = await startFull(adapter, '/plain');
    const server: Server = app.app.getHttpServer();
    let connections = 0;
    server.on('connection', () => connections++);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());

    async function post(body: string | undefined, headers = {}) {
      const outgoing = request(`${app.url}/plain`, { method: 'POST', agent, headers });
      outgoing.end(body);
      const [incoming] = await once(outgoing, 'response');
      incoming.resume();
      await once(incoming, 'close');
      return incoming.statusCode;
    }
    for (const size of [0, 2, 1_000, 60_000, 900_000]) {
      const body = 'x'.repeat(size);
      expect(await post(body)).toBe(429);
      expect(await post(body, { 'transfer-encoding': 'chunked' })).toBe(429);
    }
    expect(connections).toBe(1);
  });
});
