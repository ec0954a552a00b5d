import { Module, type INestApplication, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ModelEndpoint, ModelServingModule, type PredictContext } from 'nestjs-model-serving';
import { setTimeout } from 'node:timers/promises';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AppModule as Iris } from '../../examples/iris/app.module.js';
import { AppModule as Labels } from '../../examples/label-classifier/app.module.js';
import { AppModule as Detection } from '../../examples/language-detection/app.module.js';
import { AppModule as CachedDetection } from '../../examples/language-detection-cached/app.module.js';
import { AppModule as Sentiment } from '../../examples/sentiment/app.module.js';
import { ADAPTERS, type Adapter } from '../serving-app.js';
import { answers, Load, seedOf, type LoadResult, type RequestKind } from './load.js';
import { Scrape } from './metrics.js';

// Ten thousand requests take their time on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

interface Input {
  n: number;
  poison?: boolean;
}

@ModelEndpoint('/poisonable', undefined, {
  maxConcurrency: 2,
  maxQueue: 12,
  batch: { maxSize: 8, maxDelay: 2 },
})
class Poisonable {
  async predict(inputs: Input[]): Promise<unknown[]> {
    await setTimeout(3);
    if (inputs.some(({ poison }) => poison)) throw new Error('Poisoned');
    return inputs.map(({ n }) => (n % 10 === 0 ? new Error('Poisoned alone') : { n }));
  }
}

@ModelEndpoint('/slow', undefined, { maxConcurrency: 4, maxQueue: 4 })
class Slow {
  async predict({ n, poison }: Input, { signal }: PredictContext): Promise<unknown> {
    await setTimeout(n % 20, undefined, { signal });
    if (poison) throw new Error('Poisoned');
    return { n };
  }
}

/** Identical requests share a run: those who leave, expire or are refused share it with those who do not. */
@ModelEndpoint('/shared', undefined, { maxConcurrency: 2, maxQueue: 4, cache: { ttl: 50 } })
class Shared extends Slow {}

@Module({ imports: [ModelServingModule.forRoot()], controllers: [Poisonable, Slow, Shared] })
class Limits {}

/** Each app with what is sent to it: what it likes, and what it does not. */
const APPS: { app: Type; good: RequestKind[]; bad?: RequestKind[] }[] = [
  {
    app: Detection,
    good: [
      { path: '/', bodies: [{ title: 'Guten Morgen, liebe Leute' }, { body: 'Buenos días' }] },
    ],
    bad: [{ path: '/', bodies: [{}, { title: 7 }, '{"title":', '[]', ' '] }],
  },
  {
    app: CachedDetection,
    good: [
      { path: '/', bodies: Array.from({ length: 40 }, (_, i) => ({ title: `Доброе утро ${i}` })) },
      { path: '/', bodies: [{ title: 'Bonjour' }], headers: { 'cache-control': 'no-cache' } },
    ],
    bad: [{ path: '/', bodies: [{ body: [] }, '{'] }],
  },
  {
    app: Labels,
    good: [
      { path: '/reset', bodies: [{}], weight: 0.1 },
      {
        path: '/add',
        bodies: [{ labels: [{ name: 'sport', description: 'football and tennis' }] }],
      },
      { path: '/classify', bodies: [{ text: 'a football match', topk: 1 }] },
    ],
    bad: [
      { path: '/remove', bodies: [{ names: ['sport'] }, { names: ['none'] }, { names: 1 }] },
      { path: '/classify', bodies: [{ text: '' }, { text: 'x', topk: 0 }, { text: 'x', more: 1 }] },
    ],
  },
  {
    app: Iris,
    good: [
      {
        path: '/',
        bodies: [{ sepalLength: 5.1, sepalWidth: 3.5, petalLength: 1.4, petalWidth: 0.2 }],
        weight: 3,
      },
    ],
    bad: [
      {
        path: '/',
        bodies: [{ sepalLength: 5.1 }, {}, { sepalLength: 'NaN' }, { sepalLength: 'x' }],
      },
    ],
  },
  {
    app: Sentiment,
    good: [
      { path: '/', bodies: [{ text: 'I love it.' }, { text: 'A waste of time.' }], weight: 0.15 },
    ],
    bad: [{ path: '/', bodies: [{ text: 5 }], weight: 0.1 }],
  },
  {
    app: Limits,
    good: [
      { path: '/poisonable', bodies: [1, 2, 3, 4, 5].map((n) => ({ n })) },
      { path: '/slow', bodies: [1, 2, 3, 4, 5].map((n) => ({ n })) },
      { path: '/shared', bodies: Array.from({ length: 15 }, (_, i) => ({ n: i + 1 })) },
    ],
    bad: [
      { path: '/poisonable', bodies: [{ n: 10 }, { n: 1, poison: true }] },
      { path: '/slow', bodies: [{ n: 10, poison: true }] },
      { path: '/shared', bodies: [{ n: 15, poison: true }], weight: 0.5 },
    ],
  },
];

/** What may come of a request that gets an answer: the status, and how it is counted. */
const OUTCOMES: Record<string, readonly number[]> = {
  ok: [200],
  invalid: [400],
  rejected: [429],
  timeout: [504],
  cancelled: [],
  error: [500],
};

async function start(module: Type, adapter: Adapter): Promise<INestApplication> {
  const options = { logger: false, abortOnError: false } as const;
  const app: INestApplication = await (adapter === 'fastify'
    ? NestFactory.create(module, new FastifyAdapter(), options)
    : NestFactory.create(module, options));
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  return app;
}

describe.each(ADAPTERS)('10,000 requests of every kind on %s', (adapter) => {
  it('leave nothing behind: no request waits or runs, each is counted once, the next is served', async () => {
    const faults: unknown[] = [];
    const onFault = (fault: unknown) => faults.push(fault);
    process.on('unhandledRejection', onFault).on('uncaughtExceptionMonitor', onFault);
    onTestFinished(() => {
      process.off('unhandledRejection', onFault).off('uncaughtExceptionMonitor', onFault);
    });

    const started = await Promise.all(
      APPS.map(async ({ app, good, bad = [] }) => {
        const server = (await start(app, adapter)).getHttpServer();
        const { port } = server.address() as AddressInfo;
        return { port, good: atPort(good, port), bad: atPort(bad, port) };
      }),
    );
    const good = started.flatMap((app) => app.good);
    const bad = started.flatMap((app) => app.bad);
    const url = `http://127.0.0.1:${started[0]!.port}`;
    const before = await Scrape.of(url);
    const load = new Load({
      port: started[0]!.port,
      connections: 48,
      count: 10_000,
      seed: seedOf(`chaos on ${adapter}`),
      requests: [
        ...good,
        ...weighted(bad, 0.3),
        ...weighted(good, 0.15).map((kind) => ({ ...kind, leaveAfterMs: [0, 1] as const })),
        ...weighted(good, 0.15).map((kind) => ({ ...kind, leaveAfterMs: [1, 15] as const })),
        ...weighted(good, 0.2).map((kind) => ({ ...kind, timeoutMs: [0, 15] as const })),
        ...weighted(bad, 0.05).map((kind) => ({ ...kind, timeoutMs: [0, 15] as const })),
      ],
    });
    const result = await load.result;

    expect(result.failed).toEqual([]);
    expect(result.badRetryAfter).toEqual([]);
    expect(result).toMatchObject({ sent: 10_000, refused: 0 });
    expect(answers(result) + result.left).toBe(10_000);
    for (const status of [200, 400, 500, 504]) {
      expect(answers(result, status), `answers with ${status}`).toBeGreaterThan(0);
    }
    expect(result.left).toBeGreaterThan(100);
    const scrape = await settled(url);
    checkCounts(before, scrape, result);

    for (const kind of good) expect(await sendOnce(kind), kind.path).toBe(200);
    // As many as can run and wait: a slot that was not given back would turn one of them away.
    for (const [path, places] of Object.entries({ '/slow': 8, '/shared': 6 })) {
      const bodies = Array.from({ length: places }, (_, i) => ({ n: 20 * i + 19 }));
      const { port } = good.find((kind) => kind.path === path)!;
      const statuses = await Promise.all(
        bodies.map((body) => sendOnce({ port, path, bodies: [body] })),
      );
      expect(statuses, path).toEqual(bodies.map(() => 200));
    }
    expect(faults).toEqual([]);
  });
});

function atPort(kinds: RequestKind[], port: number): RequestKind[] {
  return kinds.map((kind) => ({ ...kind, port }));
}

function weighted(kinds: RequestKind[], factor: number): RequestKind[] {
  return kinds.map((kind) => ({ ...kind, weight: (kind.weight ?? 1) * factor }));
}

/** The metrics once the gauges have come to rest. */
function settled(url: string): Promise<Scrape> {
  return vi.waitFor(
    async () => {
      const scrape = await Scrape.of(url);
      expect(scrape.sum('in_flight'), 'in_flight').toBe(0);
      expect(scrape.sum('queue_depth'), 'queue_depth').toBe(0);
      return scrape;
    },
    { interval: 20, timeout: 10_000 },
  );
}

/** A request that its client left may have arrived, in part or whole, or been answered just before. */
function checkCounts(before: Scrape, after: Scrape, result: LoadResult): void {
  const since = (metric: string, labels?: Record<string, string>) =>
    after.sum(metric, labels) - before.sum(metric, labels);
  for (const [outcome, statuses] of Object.entries(OUTCOMES)) {
    const answered = statuses.reduce((sum, status) => sum + answers(result, status), 0);
    const counted = since('requests_total', { outcome });
    expect(counted, outcome).toBeGreaterThanOrEqual(answered);
    expect(counted, outcome).toBeLessThanOrEqual(answered + result.left);
  }
  const counted = since('requests_total');
  expect(counted).toBeGreaterThanOrEqual(answers(result));
  expect(counted).toBeLessThanOrEqual(result.sent);
  expect(since('request_duration_seconds_count')).toBe(counted);
}

async function sendOnce({ port, path, bodies: [body] }: RequestKind): Promise<number> {
  const headers = { connection: 'close' };
  const content = JSON.stringify(body);
  const url = `http://127.0.0.1:${port}${path}`;
  return (await fetch(url, { method: 'POST', headers, body: content })).status;
}
