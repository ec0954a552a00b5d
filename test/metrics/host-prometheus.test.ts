import { Inject, Module, type DynamicModule, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { PrometheusModule, getToken, makeCounterProvider } from '@willsoto/nestjs-prometheus';
import { ModelEndpoint, ModelServingModule } from 'nestjs-model-serving';
import { register, type Counter } from 'prom-client';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, type Adapter } from '../serving-app.js';
import { Scrape } from './scrape.js';

beforeEach(() => {
  register.clear();
  register.setDefaultLabels({});
});

@ModelEndpoint('/predict')
class Model {
  constructor(@Inject(getToken('host_calls_total')) private readonly calls: Counter) {}
  predict() {
    this.calls.inc();
    return {};
  }
}

type Import = DynamicModule | Type;

const HOST: Record<string, () => Import> = {
  register: () => PrometheusModule.register(),
  'register with options': () =>
    PrometheusModule.register({ path: '/metrics', defaultLabels: { team: 'ml' }, global: true }),
  'register without default metrics': () =>
    PrometheusModule.register({ defaultMetrics: { enabled: false } }),
  registerAsync: () =>
    PrometheusModule.registerAsync({ useFactory: async () => ({ path: '/metrics' }) }),
  'registerAsync that takes its time': () =>
    PrometheusModule.registerAsync({
      useFactory: () =>
        new Promise<{ path: string }>((resolve) =>
          setTimeout(() => resolve({ path: '/metrics' }), 20),
        ),
    }),
};

const ORDERS: Record<string, (host: Import, ours: Import) => Import[]> = {
  before: (host, ours) => [host, ours],
  after: (host, ours) => [ours, host],
  'further down, before': (host, ours) => [wrap(host), ours],
  'further down, after': (host, ours) => [ours, wrap(host)],
};

function wrap(inner: Import): Type {
  @Module({ imports: [inner] })
  class Feature {}
  return Feature;
}

async function start(adapter: Adapter, imports: Import[]): Promise<string> {
  @Module({
    imports,
    controllers: [Model],
    providers: [makeCounterProvider({ name: 'host_calls_total', help: 'Of the host.' })],
  })
  class Host {}
  const options = { logger: false, abortOnError: false } as const;
  const app =
    adapter === 'fastify'
      ? await NestFactory.create(Host, new FastifyAdapter(), options)
      : await NestFactory.create(Host, options);
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

const CASES = Object.keys(HOST).flatMap((host) =>
  Object.keys(ORDERS).map((order) => [host, order] as const),
);

describe.each(ADAPTERS)('beside a PrometheusModule of the app, on %s', (adapter) => {
  it.each(CASES)('by %s, %s ours', async (host, order) => {
    const ours = ModelServingModule.forRoot();
    const url = await start(adapter, ORDERS[order]!(HOST[host]!(), ours));
    const headers = { connection: 'close' };
    const answer = await fetch(`${url}/predict`, { method: 'POST', body: '{}', headers });
    expect(answer.status).toBe(200);
    for (const path of ['/metrics', '/__metrics']) {
      const response = await fetch(url + path, { headers });
      expect(response.status).toBe(200);
      const found = new Scrape(await response.text());
      expect(found.outcomes('/predict')).toEqual({ ok: 1 });
      expect(found.sum('host_calls_total')).toBe(1);
      expect(found.select('process_cpu_user_seconds_total')).toHaveLength(1);
      if (host === 'register with options')
        expect(found.select('host_calls_total', { team: 'ml' })).toHaveLength(1);
    }
  });

  it('does not need one', async () => {
    const url = await start(adapter, [ModelServingModule.forRoot()]);
    expect((await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).status).toBe(404);
  });
});
