import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import protobuf from 'protobufjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { Scrape } from '../load/metrics.js';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { HeldModel } from './held-model.js';
import { levelsAre } from './levels.js';

const { root: schema } = protobuf.parse(`
  syntax = "proto3";
  message Request { int32 n = 1; }
  message Response { int32 n = 1; }
`);

let model: HeldModel;
beforeEach(() => {
  model = new HeldModel();
});

@ModelEndpoint('/single', schema, { maxConcurrency: 2, maxQueue: 3 })
class Single {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/batched', schema, {
  maxConcurrency: 2,
  maxQueue: 3,
  batch: { maxSize: 8 },
})
class Batched {
  predict(inputs: unknown[], contexts: PredictContext[]): Promise<never> {
    return model.batch(inputs, contexts);
  }
}

@ModelEndpoint('/no-queue', schema, { maxConcurrency: 1, maxQueue: 0 })
class NoQueue {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

const REFUSAL = { error: 'Too many requests', code: 'RESOURCE_EXHAUSTED' };

describe.each(ADAPTERS)('Admission on %s', (adapter) => {
  const start = () => startApp(adapter, { controllers: [Single, Batched, NoQueue] });

  /** Takes both slots and all three places of the queue. */
  async function fill(app: RunningApp, path: string) {
    const answers = [];
    for (let n = 0; n < 2; n++) {
      answers.push(app.post(path, { n }));
      await model.run(n);
    }
    for (let n = 2; n < 5; n++) answers.push(app.post(path, { n }));
    await levelsAre(app, { in_flight: 5, queue_depth: 3 });
    return answers;
  }

  /** Ends all runs, also those that begin only then. */
  async function finish(answers: ReturnType<RunningApp['post']>[], path: string) {
    const ended = Promise.all(answers);
    let done = false;
    void ended.finally(() => (done = true));
    while (!done) {
      for (const { input, inputs, resolve } of model.runs) {
        resolve(path === '/batched' ? inputs : input);
      }
      await new Promise(setImmediate);
    }
    return ended;
  }

  describe.each(['/single', '/batched'])('at %s', (path) => {
    it('runs maxConcurrency, lets maxQueue wait and refuses one more with 429', async () => {
      const app = await start();
      const answers = await fill(app, path);
      expect(model.runs).toHaveLength(2);
      const refused = await app.post(path, { n: 5 });
      expect(refused).toMatchObject({ status: 429, body: REFUSAL });
      expect(refused.body.requestId).toBe(refused.headers.get('x-request-id'));
      expect(refused.headers.get('retry-after')).toMatch(/^([1-9]|[12]\d|30)$/);
      const bodies = (await finish(answers, path)).map(({ status, body }) => [status, body]);
      expect(bodies).toEqual([0, 1, 2, 3, 4].map((n) => [200, { n }]));
      await levelsAre(app, { in_flight: 0, queue_depth: 0 });
    });

    it('checks a request before it queues: a bad one takes no place', async () => {
      const app = await start();
      const answers = [app.post(path, { n: 0 }), app.post(path, { n: 1 })];
      await model.run(1);
      for (let n = 2; n < 4; n++) answers.push(app.post(path, { n }));
      await levelsAre(app, { in_flight: 4, queue_depth: 2 });
      const status = async (body: unknown) => (await app.post(path, body)).status;
      for (const bad of [{ n: 'many' }, { unknown: 1 }, '{"n":', '[]', undefined]) {
        expect(await status(bad)).toBe(400);
      }
      answers.push(app.post(path, { n: 4 }));
      await levelsAre(app, { in_flight: 5, queue_depth: 3 });
      expect(await status({ n: 5 })).toBe(429);
      await finish(answers, path);
      const started = model.runs.flatMap(({ inputs }) => inputs.map(({ n }) => n));
      expect(started.sort()).toEqual([0, 1, 2, 3, 4]);
    });

    it('leaves the probes alone: they answer while every place is taken', async () => {
      const app = await start();
      const answers = await fill(app, path);
      expect(await app.get('/__ping')).toMatchObject({ status: 200, body: 'Success' });
      expect(await app.get('/__ready')).toMatchObject({ status: 200, body: { ready: true } });
      const scrape = await Scrape.of(app.url);
      expect(scrape.sum('in_flight', { endpoint: path })).toBe(5);
      expect(scrape.sum('queue_depth', { endpoint: path })).toBe(3);
      await finish(answers, path);
    });
  });

  it('has room again as soon as a place is free', async () => {
    const app = await start();
    const first = app.post('/no-queue', { n: 1 });
    (await model.run(0)).resolve({ n: 1 });
    expect((await first).status).toBe(200);
    const second = app.post('/no-queue', { n: 2 });
    const { resolve } = await model.run(1);
    expect(await app.post('/no-queue', { n: 3 })).toMatchObject({ status: 429, body: REFUSAL });
    resolve({ n: 2 });
    expect(await second).toMatchObject({ status: 200, body: { n: 2 } });
  });
});
