import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS } from '../serving-app.js';
import { answers, Load, seedOf } from './load.js';
import { ModelServer } from './model-server.js';
import { Scrape } from './metrics.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Both endpoints take 400 requests a second and ten to twelve at once. */
const PATHS = ['/narrow', '/narrow-batched'] as const;

describe.each(ADAPTERS)('Five times the load an endpoint can take on %s', (adapter) => {
  it.each(PATHS)('is 200 or 429 at %s, and the probes answer all the while', async (path) => {
    const server = new ModelServer({ HTTP_ADAPTER: adapter });
    const url = await server.url();
    const { port } = new URL(url);
    // As a first picture of its memory, when everything has been used once.
    const requests = [{ path, bodies: [{ n: 1 }, { n: 2 }] }];
    const plan = { port: Number(port), connections: 60, seed: seedOf(`overload on ${adapter}`) };
    await new Load({ ...plan, count: 500, requests }).result;
    const before = server.rss();

    const load = new Load({ ...plan, count: 2_500, requests, busyAfter: 60 });
    await load.busy();
    let running = true;
    const ended = load.result.finally(() => (running = false));
    let probes = 0;
    let peak = before;
    while (running) {
      const headers = { connection: 'close' };
      const [ping, ready, scrape] = await Promise.all([
        fetch(`${url}/__ping`, { headers }),
        fetch(`${url}/__ready`, { headers }),
        Scrape.of(url),
      ]);
      expect(await ping.text()).toBe('Success');
      expect(await ready.json()).toMatchObject({ ready: true });
      expect(scrape.sum('queue_depth', { endpoint: path })).toBeLessThanOrEqual(8);
      peak = Math.max(peak, server.rss());
      probes += 1;
    }
    const result = await ended;
    expect(probes).toBeGreaterThan(1);
    expect(result).toMatchObject({ sent: 2_500, refused: 0, failed: [], badRetryAfter: [] });
    expect(Object.keys(result.statuses).sort()).toEqual([`${path} 200`, `${path} 429`]);
    // Of 60 connections no more than twelve are ever let in.
    expect(answers(result, 429)).toBeGreaterThan(answers(result, 200));
    expect(peak - before).toBeLessThan(96 * 2 ** 20);
    const scrape = await Scrape.of(url);
    for (const gauge of ['in_flight', 'queue_depth']) expect(scrape.sum(gauge), gauge).toBe(0);
    expect(scrape.sum('requests_total', { endpoint: path })).toBe(3_000);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });
});
