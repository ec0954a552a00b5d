import { Controller, Get } from '@nestjs/common';
import { ModelEndpoint } from 'nestjs-model-serving';
import { register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, createApp, startApp } from '../serving-app.js';
import { scrape, scrapeAtRest, scrapeWhen } from './scrape.js';
import packageJson from '../../package.json' with { type: 'json' };

let gate = deferred();
beforeEach(() => {
  register.clear();
  gate = deferred();
});

@ModelEndpoint('/predict', undefined, { cache: true })
class Model {
  async predict({ wait }: { wait?: boolean }) {
    if (wait) await gate.promise;
    return {};
  }
}

@ModelEndpoint('/other')
class Other {
  predict() {
    return {};
  }
}

@Controller()
class Host {
  @Get('__metrics')
  metrics() {
    return { host: true };
  }
}

describe.each(ADAPTERS)('metrics of the process on %s', (adapter) => {
  it('tell versions and readiness, beside those of Node', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    const { headers } = await app.get('/__metrics');
    expect(headers.get('content-type')).toBe(register.contentType);
    const found = await scrape(app);
    expect(found.select('model_serving_info')).toEqual([
      {
        name: 'model_serving_info',
        labels: { version: packageJson.version, node: process.version },
        value: 1,
      },
    ]);
    expect(found.select('model_serving_ready').map(({ value }) => value)).toEqual([1]);
    expect(found.sum('process_resident_memory_bytes')).toBeGreaterThan(0);
    expect(found.select('nodejs_eventloop_lag_seconds')).toHaveLength(1);
  });

  it('tell that an app is not ready before it has started, nor after it has stopped', async () => {
    const ready = async () =>
      (await register.getMetricsAsJSON()).find(({ name }) => name === 'model_serving_ready')
        ?.values[0]?.value;
    const app = await createApp(adapter, { controllers: [Model] });
    expect(await ready()).toBe(0);
    await app.listen(0, '127.0.0.1');
    expect(await ready()).toBe(1);
    await app.close();
    expect(await ready()).toBe(0);
  });

  it('may be on another path', async () => {
    const options = { paths: { metrics: '/internal/metrics' } };
    const app = await startApp(adapter, {
      controllers: [Model],
      options,
      setUp: (nest) => nest.setGlobalPrefix('api'),
    });
    await app.post('/api/predict', {});
    const found = await scrape(app, '/internal/metrics');
    expect(found.sum('model_serving_requests_total')).toBe(1);
    for (const path of ['/__metrics', '/api/internal/metrics'])
      expect((await app.get(path)).status).toBe(404);
  });

  it('may be collected and not shown', async () => {
    const app = await startApp(adapter, {
      controllers: [Model, Host],
      options: { paths: { metrics: false } },
    });
    await app.post('/predict', {});
    expect((await app.get('/__metrics')).body).toEqual({ host: true });
    await expect
      .poll(() => register.metrics())
      .toContain('model_serving_requests_total{endpoint="/predict",outcome="ok"} 1');
  });

  it('may be off: nothing is collected, the path is the app’s', async () => {
    const app = await startApp(adapter, {
      controllers: [Model, Host],
      options: { metrics: false },
    });
    expect((await app.post('/predict', {})).headers.get('x-cache')).toBe('MISS');
    expect((await app.post('/predict', {})).headers.get('x-cache')).toBe('HIT');
    expect((await app.post('/predict', '{')).status).toBe(400);
    expect((await app.get('/__metrics')).body).toEqual({ host: true });
    expect((await app.get('/__ready')).status).toBe(200);
    expect(await register.getMetricsAsJSON()).toEqual([]);
  });

  it('show two apps of one process together', async () => {
    const first = await startApp(adapter, { controllers: [Model] });
    const second = await startApp(adapter, { controllers: [Model, Other] });
    await first.post('/predict', {});
    await second.post('/predict', {});
    await second.post('/other', {});
    const waiting = [
      first.post('/predict', { wait: true }),
      second.post('/predict', { wait: true }),
    ];
    const predict = { endpoint: '/predict' };
    await scrapeWhen(first, (found) =>
      expect(found.sum('model_serving_in_flight', predict)).toBe(2),
    );
    gate.resolve();
    await Promise.all(waiting);
    const found = await scrapeAtRest(first);
    expect(found.outcomes('/predict')).toEqual({ ok: 4 });
    expect(found.outcomes('/other')).toEqual({ ok: 1 });
    expect((await scrapeAtRest(second)).outcomes('/predict')).toEqual({ ok: 4 });
    expect(found.select('model_serving_in_flight', predict)).toHaveLength(1);

    // What was counted stays; what the closed app's levels were does not.
    await second.close();
    const left = await scrape(first);
    expect(left.outcomes('/other')).toEqual({ ok: 1 });
    expect(left.select('model_serving_in_flight').map(({ labels }) => labels)).toEqual([predict]);
  });

  it('say ready when every app of the process is', async () => {
    const first = await startApp(adapter, { controllers: [Model] });
    const ready = async () => (await scrape(first)).sum('model_serving_ready');
    const second = await createApp(adapter, { controllers: [Model] });
    expect(await ready()).toBe(0);
    await second.listen(0, '127.0.0.1');
    expect(await ready()).toBe(1);
    await second.close();
    expect(await ready()).toBe(1);
  });

  it('of an app with them stay its own where another has them off', async () => {
    const off = await startApp(adapter, { controllers: [Other], options: { metrics: false } });
    const on = await startApp(adapter, { controllers: [Model] });
    await off.post('/other', {});
    await on.post('/predict', {});
    const found = await scrapeAtRest(on);
    expect(found.by('endpoint', 'model_serving_requests_total')).toEqual({ '/predict': 1 });
    await off.close();
    expect((await scrape(on)).sum('model_serving_ready')).toBe(1);
  });
});
