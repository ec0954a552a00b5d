import {
  Controller,
  Get,
  Module,
  type CanActivate,
  type INestApplication,
  type MiddlewareConsumer,
} from '@nestjs/common';
import type { IncomingMessage } from 'node:http';
import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, startApp } from '../serving-app.js';

@ModelEndpoint('/model', undefined, { version: '7', maxConcurrency: 1, maxQueue: 0 })
class Model {
  readonly started = deferred();
  readonly go = deferred();
  async predict() {
    this.started.resolve();
    await this.go.promise;
    return {};
  }
}

@ModelEndpoint('/model', undefined, { maxConcurrency: 1 })
class Queued extends Model {}

class Refusing implements CanActivate {
  canActivate = () => false;
}

describe.each(ADAPTERS)('probes on %s', (adapter) => {
  it.each<[string, (app: INestApplication) => void]>([
    ['', () => {}],
    [' below a global prefix', (app) => void app.setGlobalPrefix('api')],
    [' behind a global guard', (app) => void app.useGlobalGuards(new Refusing())],
  ])('tell of the app%s', async (_, setUp) => {
    const app = await startApp(adapter, { controllers: [Model], setUp });
    const ping = await app.get('/__ping');
    expect(ping).toMatchObject({ status: 200, body: 'Success' });
    expect(ping.headers.get('content-type')).toBe('text/plain; charset=utf-8');

    const ready = await app.get('/__ready');
    expect(ready.status).toBe(200);
    expect(ready.body.ready).toBe(true);
    const states = Object.entries(ready.body.endpoints);
    expect(states).toHaveLength(1);
    expect(states[0]![0]).toMatch(/\/model$/);
    expect(states[0]![1]).toMatchObject({ name: 'Model', version: '7', ready: true });

    const metrics = await app.get('/__metrics');
    expect(metrics.status).toBe(200);
    expect(metrics.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(metrics.body).toContain('# TYPE model_serving_requests_total counter');
  });

  it('are at the paths that the app says', async () => {
    const paths = { ping: '/alive', ready: '/health/ready', metrics: '/metrics' };
    const app = await startApp(adapter, { controllers: [Model], options: { paths } });
    expect((await app.get('/alive')).body).toBe('Success');
    expect((await app.get('/health/ready')).body.ready).toBe(true);
    expect((await app.get('/metrics')).body).toContain('model_serving_ready');
    for (const path of ['/__ping', '/__ready', '/__metrics']) {
      expect((await app.get(path)).status, path).toBe(404);
    }
  });

  it('stand behind middleware of the app, but not behind what excludes them', async () => {
    const seen: string[] = [];
    const noteAs = (name: string) => (request: IncomingMessage, _: unknown, next: () => void) => {
      seen.push(`${name} ${(request as { originalUrl?: string }).originalUrl ?? request.url}`);
      next();
    };
    @Module({})
    class Watching {
      configure(consumer: MiddlewareConsumer) {
        const probes = ['__ping', '__ready', '__metrics'];
        consumer
          .apply(noteAs('module'))
          .exclude(...probes)
          .forRoutes('*');
      }
    }
    const app = await startApp(adapter, {
      controllers: [Model],
      imports: [Watching],
      setUp: (nest) => void nest.use(noteAs('app')),
    });
    for (const path of ['/__ping', '/__ready', '/__metrics', '/model']) await app.get(path);
    expect(seen).toEqual([
      'app /__ping',
      'app /__ready',
      'app /__metrics',
      'app /model',
      'module /model',
    ]);
  });

  it('leave their paths to the app where it says false', async () => {
    @Controller()
    class Own {
      @Get('__ping')
      ping() {
        return 'mine';
      }
    }
    const paths = { ping: false, ready: false, metrics: false } as const;
    const app = await startApp(adapter, { controllers: [Own, Model], options: { paths } });
    expect((await app.get('/__ping')).body).toBe('mine');
    expect((await app.get('/__ready')).status).toBe(404);
    expect((await app.get('/__metrics')).status).toBe(404);
  });

  it('show no metrics where there are none', async () => {
    const app = await startApp(adapter, { controllers: [Model], options: { metrics: false } });
    expect((await app.get('/__metrics')).status).toBe(404);
    expect((await app.get('/__ready')).status).toBe(200);
  });

  it('wait for no slot and no drain, which turns ready into 503', async () => {
    const app = await startApp(adapter, {
      controllers: [Model],
      options: { drainDelay: 600 },
    });
    const model = app.app.get(Model);
    const running = app.post('/model', {});
    await model.started.promise;
    const refused = await app.post('/model', {});
    expect(refused).toMatchObject({ status: 429, body: { code: 'RESOURCE_EXHAUSTED' } });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await app.get('/__ping')).status).toBe(200);
    expect((await app.get('/__ready')).status).toBe(200);
    const closing = app.close();
    expect(await app.get('/__ready')).toMatchObject({ status: 503, body: { ready: false } });
    expect((await app.get('/__ping')).status).toBe(200);
    expect((await app.get('/__metrics')).body).toMatch(/^model_serving_ready 0$/m);
    model.go.resolve();
    expect((await running).status).toBe(200);
    await closing;
  });

  it('come with a 503 for what a drain has to cut, and Retry-After where it has not begun', async () => {
    const app = await startApp(adapter, {
      controllers: [Queued],
      options: { shutdownTimeout: 30 },
    });
    const running = app.post('/model', {});
    const model = app.app.get(Queued);
    await model.started.promise;
    const waiting = app.post('/model', {});
    const depth = /^model_serving_queue_depth\{endpoint="\/model"\} 1$/m;
    await expect.poll(async () => (await app.get('/__metrics')).body).toMatch(depth);
    const closing = app.close();
    for (const [request, retryAfter] of [
      [running, null],
      [waiting, '1'],
    ] as const) {
      const answer = await request;
      expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
      expect(answer.headers.get('retry-after')).toBe(retryAfter);
    }
    model.go.resolve();
    await closing;
  });
});
