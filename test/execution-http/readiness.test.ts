import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openSocket, rawRequest } from '../http/raw-request.js';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { HeldModel } from './held-model.js';
import { levelsAre } from './levels.js';

let model: HeldModel;
beforeEach(() => {
  model = new HeldModel();
});

@ModelEndpoint('/named', undefined, { name: 'language', version: '2.1', maxConcurrency: 1 })
class Named {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/batched', undefined, { batch: { maxSize: 2 } })
class Batched {
  predict(inputs: unknown[], contexts: PredictContext[]): Promise<never> {
    return model.batch(inputs, contexts);
  }
}

describe.each(ADAPTERS)('An app on %s', (adapter) => {
  const start = (options: { drainDelay?: number; shutdownTimeout?: number } = {}) =>
    startApp(adapter, { controllers: [Named, Batched], options });

  /** Waits until the app has stopped listening. */
  async function deaf({ app }: RunningApp): Promise<void> {
    await vi.waitFor(() => expect(app.getHttpServer().listening).toBe(false), { timeout: 15_000 });
  }

  it('tells name and version of its models in /__ready', async () => {
    const app = await start();
    expect(await app.get('/__ready')).toMatchObject({
      status: 200,
      body: {
        ready: true,
        endpoints: {
          '/named': { name: 'language', version: '2.1', ready: true },
          '/batched': { name: 'Batched', ready: true },
        },
      },
    });
  });

  it('that is closed is unready at once and serves requests for drainDelay more', async () => {
    const app = await start({ drainDelay: 700 });
    const before = app.post('/named', { n: 0 });
    await model.run(0);
    const begin = performance.now();
    const closed = app.close();
    expect(await app.get('/__ready')).toMatchObject({ status: 503, body: { ready: false } });
    expect((await app.get('/__ping')).status).toBe(200);
    const metrics = await app.get('/__metrics');
    expect(metrics.body).toMatch(/^model_serving_ready 0$/m);
    const after = app.post('/named', { n: 1 });
    await levelsAre(app, { queue_depth: 1 });
    model.runs[0]!.resolve({ n: 0 });
    (await model.run(1)).resolve({ n: 1 });
    expect(await before).toMatchObject({ status: 200, body: { n: 0 } });
    expect(await after).toMatchObject({ status: 200, body: { n: 1 } });
    expect(app.app.getHttpServer().listening).toBe(true);
    await closed;
    expect(performance.now() - begin).toBeGreaterThanOrEqual(700);
  });

  it('finishes what runs and what waits, single and in batches, before it is closed', async () => {
    const app = await start();
    const answers = [app.post('/named', { n: 0 })];
    await model.run(0);
    answers.push(app.post('/named', { n: 1 }), app.post('/batched', { n: 2 }));
    await model.run(1);
    answers.push(app.post('/batched', { n: 3 }));
    await levelsAre(app, { in_flight: 4, queue_depth: 2 });
    const closed = app.close();
    await deaf(app);
    model.runs[0]!.resolve({ n: 0 });
    model.runs[1]!.resolve([{ n: 2 }]);
    for (const index of [2, 3]) {
      const { input, inputs, resolve } = await model.run(index);
      resolve(input.n === 1 ? input : inputs);
    }
    const ended = await Promise.all(answers);
    expect(ended.map(({ status, body }) => [status, body.n])).toEqual([
      [200, 0],
      [200, 1],
      [200, 2],
      [200, 3],
    ]);
    await closed;
  });

  it('answers 503 to what is left after shutdownTimeout, and aborts it', async () => {
    const app = await start({ shutdownTimeout: 200 });
    const running = [app.post('/named', {}), app.post('/batched', {})];
    const { context } = await model.run(0);
    const other = await model.run(1);
    const signals = [context.signal, other.context.signal];
    const waiting = [app.post('/named', {}), app.post('/batched', {})];
    await levelsAre(app, { in_flight: 4, queue_depth: 2 });
    const closed = app.close();
    const ended = await Promise.all([...running, ...waiting]);
    for (const answer of ended) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' } });
    }
    // What has begun may have had its effect: nobody is told to send it again.
    const retryAfter = ended.map(({ headers }) => headers.get('retry-after'));
    expect(retryAfter).toEqual([null, null, '1', '1']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    await closed;
    expect(model.runs).toHaveLength(2);
  });

  it('cuts a client that does not finish its request in shutdownTimeout', async () => {
    const app = await start({ shutdownTimeout: 100 });
    const socket = await openSocket(app.url);
    const ended = new Promise((resolve) => socket.once('close', resolve));
    socket.write('POST /named HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{"n"');
    await levelsAre(app, { in_flight: 1 });
    await Promise.all([app.close(), ended]);
    await expect(rawRequest(app.url, ['GET /__ping HTTP/1.1'])).rejects.toThrow();
    expect(model.runs).toEqual([]);
  });
});
