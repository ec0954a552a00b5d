import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS } from '../serving-app.js';
import { answers, Load, seedOf, type LoadResult, type RequestKind } from './load.js';
import { Scrape } from './metrics.js';
import { ModelServer } from './model-server.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** Every outcome but `cancelled`: whether a request that is left has been sent, only the server knows. */
const requests: RequestKind[] = [
  { path: '/plain', bodies: [{ n: 1 }, { n: 'x' }, '{', ''], weight: 2 },
  { path: '/batched', bodies: [{ n: 1 }, { n: 13 }, { more: 1 }] },
  { path: '/cached', bodies: [1, 2, 3, 4, 5].map((n) => ({ n })) },
  { path: '/narrow', bodies: [{ n: 1 }], weight: 2 },
  { path: '/plain', bodies: [{ n: 1 }], timeoutMs: [0, 2] },
  { path: '/plain', bodies: [{ n: 1 }], headers: { 'content-encoding': 'zip' }, weight: 0.2 },
];

const OUTCOMES = {
  ok: [200],
  invalid: [400, 415],
  rejected: [429],
  timeout: [504],
  error: [500],
  cancelled: [],
};

function load(url: string, count: number, seed: number): Promise<LoadResult> {
  const { port } = new URL(url);
  return new Load({ port: Number(port), connections: 40, count, seed, requests }).result;
}

async function expectCounts(url: string, ...results: LoadResult[]): Promise<void> {
  const scrape = await Scrape.of(url);
  const total = (status: number) => results.reduce((sum, one) => sum + answers(one, status), 0);
  for (const [outcome, statuses] of Object.entries(OUTCOMES)) {
    const answered = statuses.reduce((sum, status) => sum + total(status), 0);
    expect(scrape.sum('requests_total', { outcome }), outcome).toBe(answered);
    if (outcome !== 'cancelled') expect(answered, outcome).toBeGreaterThan(0);
  }
  const sent = results.reduce((sum, one) => sum + one.sent, 0);
  expect(scrape.sum('requests_total')).toBe(sent);
  expect(scrape.sum('request_duration_seconds_count')).toBe(sent);
  for (const gauge of ['in_flight', 'queue_depth']) expect(scrape.sum(gauge), gauge).toBe(0);
}

describe.each(ADAPTERS)('requests_total on %s', (adapter) => {
  it('is the number of requests sent, with one process', async () => {
    const server = new ModelServer({ HTTP_ADAPTER: adapter });
    const url = await server.url();
    const result = await load(url, 1_000, seedOf(`counts on ${adapter}`));
    expect(result).toMatchObject({ sent: 1_000, failed: [], refused: 0, badRetryAfter: [] });
    await expectCounts(url, result);
  });

  it('is their number with two workers, whichever is asked, and after they were replaced', async () => {
    const server = new ModelServer({ HTTP_ADAPTER: adapter, WORKERS: '2' });
    const url = await server.url();
    await server.printed(/all ready/);
    const seed = seedOf(`counts with two workers on ${adapter}`);
    const first = await load(url, 1_000, seed);
    expect(first).toMatchObject({ sent: 1_000, failed: [], refused: 0 });
    // Two connections go to one worker each.
    for (let i = 0; i < 2; i++) await expectCounts(url, first);

    server.kill('SIGHUP');
    const second = await load(url, 1_000, seed + 1);
    expect(second).toMatchObject({ sent: 1_000, failed: [], refused: 0 });
    await server.printed(/port \d+ of/, 4);
    for (let i = 0; i < 2; i++) await expectCounts(url, first, second);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output).not.toMatch(/unhandled/);
  });
});
