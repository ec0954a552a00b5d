import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { HeldModel } from './held-model.js';

let model: HeldModel;
beforeEach(() => {
  model = new HeldModel();
});

@ModelEndpoint('/single', undefined, { maxConcurrency: 2, timeout: 500, stallTimeout: 100 })
class Single {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/batched', undefined, {
  batch: { maxSize: 2 },
  maxConcurrency: 2,
  timeout: 500,
  stallTimeout: 100,
})
class Batched {
  predict(inputs: unknown[], contexts: PredictContext[]): Promise<never> {
    return model.batch(inputs, contexts);
  }
}

/** Stalls never: its slots may be held for as long as a timer can tell. */
@ModelEndpoint('/patient', undefined, {
  maxConcurrency: 1,
  timeout: 500,
  stallTimeout: 2 ** 31 - 1,
})
class Patient {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

describe.each(ADAPTERS)('An endpoint on %s', (adapter) => {
  const start = () => startApp(adapter, { controllers: [Single, Batched, Patient] });

  it.each([
    ['/single', { n: 0 }],
    ['/batched', [{ n: 0 }]],
  ])('%s is stalled while all slots are held beyond their deadline', async (route, answer) => {
    const app = await start();
    await hold(app, route, 1);
    // A slot is free: whatever time passes, the endpoint is not stalled.
    expect(await readiness(app, route)).toEqual({ status: 200, ready: true, metric: '1' });
    await hold(app, route, 2);
    await vi.waitUntil(async () => (await readiness(app, route)).status === 503, {
      timeout: 30_000,
    });
    expect(await readiness(app, route)).toEqual({
      status: 503,
      ready: false,
      stalled: true,
      metric: '0',
    });
    // It alone is at fault, and requests are refused by nothing but their deadline.
    expect((await app.get('/__ready')).body.endpoints['/patient'].ready).toBe(true);
    expect((await app.post(route, { n: 9 })).status).toBe(504);

    model.runs[0]!.resolve(answer);
    await vi.waitUntil(async () => (await readiness(app, route)).status === 200, {
      timeout: 30_000,
    });
    expect(await readiness(app, route)).toEqual({ status: 200, ready: true, metric: '1' });
  });

  it('is not stalled before stallTimeout', async () => {
    const app = await start();
    await hold(app, '/patient', 1);
    expect(await readiness(app, '/patient')).toEqual({ status: 200, ready: true, metric: '1' });
  });

  it('is stalled too where the clients have gone before the deadline', async () => {
    const app = await start();
    for (const n of [0, 1]) {
      const client = new AbortController();
      const { signal } = client;
      const request = { method: 'POST', body: JSON.stringify({ n }), signal };
      const answer = fetch(`${app.url}/single`, request).catch(() => undefined);
      await model.run(n);
      client.abort();
      await answer;
    }
    await vi.waitUntil(async () => (await readiness(app, '/single')).status === 503, {
      timeout: 30_000,
    });
  });
});

/** Holds slots by requests that are answered with 504, until so many runs are under way. */
async function hold(app: RunningApp, route: string, runs: number): Promise<void> {
  while (model.runs.length < runs) {
    expect((await app.post(route, { n: model.runs.length })).status).toBe(504);
  }
}

async function readiness(app: RunningApp, route: string) {
  const { status, body } = await app.get('/__ready');
  const metric = /^model_serving_ready (\d)$/m.exec((await app.get('/__metrics')).body)?.[1];
  const { ready, stalled } = body.endpoints[route];
  return { status, ready, stalled, metric };
}
