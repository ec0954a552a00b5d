import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS } from '../serving-app.js';
import { answers, Load, seedOf } from './load.js';
import { Scrape } from './metrics.js';
import { ModelServer } from './model-server.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Each takes 400 requests a second, and ten to twelve at once. */
const PATHS = ['/narrow', '/narrow-batched'] as const;

describe.each(ADAPTERS)('Five times the load that endpoints can take on %s', (adapter) => {
  it('is 200 or 429, in bounded memory, and the probes answer all the while', async () => {
    const server = new ModelServer({ HTTP_ADAPTER: adapter });
    const url = await server.url();
    const plan = {
      port: Number(new URL(url).port),
      connections: 120,
      seed: seedOf(`overload on ${adapter}`),
      requests: PATHS.map((path) => ({ path, bodies: [{ n: 1 }, { n: 2 }] })),
    };
    // Memory is compared from when everything has been used once.
    await new Load({ ...plan, count: 500 }).result;
    const before = server.rss();

    const load = new Load({ ...plan, count: 5_000, busyAfter: 60 });
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
      for (const endpoint of PATHS) {
        expect(scrape.sum('queue_depth', { endpoint })).toBeLessThanOrEqual(8);
      }
      peak = Math.max(peak, server.rss());
      probes += 1;
    }
    const result = await ended;
    expect(probes).toBeGreaterThan(1);
    expect(result).toMatchObject({ sent: 5_000, refused: 0, failed: [], badRetryAfter: [] });
    const kinds = PATHS.flatMap((path) => [`${path} 200`, `${path} 429`]);
    expect(Object.keys(result.statuses).sort()).toEqual(kinds);
    // Of 60 connections to each no more than twelve are ever let in.
    for (const path of PATHS) {
      expect(answers(result, 429, path)).toBeGreaterThan(answers(result, 200, path));
    }
    expect(peak - before).toBeLessThan(96 * 2 ** 20);
    const scrape = await Scrape.of(url);
    for (const gauge of ['in_flight', 'queue_depth']) expect(scrape.sum(gauge), gauge).toBe(0);
    expect(scrape.sum('requests_total')).toBe(5_500);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });
});
