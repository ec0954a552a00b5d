import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it } from 'vitest';
import { Scrape } from '../load/metrics.js';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { HeldModel } from './held-model.js';
import { levelsAre } from './levels.js';

interface Input {
  n: number;
  rows?: number[];
}

let model: HeldModel;
beforeEach(() => {
  model = new HeldModel();
});

abstract class Base {
  predict(inputs: Input[], contexts: PredictContext[]): Promise<never> {
    return model.batch(inputs, contexts);
  }
}

@ModelEndpoint('/at-once', undefined, { batch: { maxSize: 4 } })
class AtOnce extends Base {}

@ModelEndpoint('/two-slots', undefined, { maxConcurrency: 2, batch: { maxSize: 4 } })
class TwoSlots extends Base {}

@ModelEndpoint('/full', undefined, { batch: { maxSize: 3, maxDelay: 20_000 } })
class Full extends Base {}

@ModelEndpoint('/delayed', undefined, { batch: { maxSize: 32, maxDelay: 500 } })
class Delayed extends Base {}

@ModelEndpoint<Input>('/rows', undefined, {
  batch: {
    maxSize: 4,
    sizeOf({ rows }) {
      return rows!.length;
    },
  },
})
class Rows extends Base {}

describe.each(ADAPTERS)('A batch on %s', (adapter) => {
  const start = () => startApp(adapter, { controllers: [AtOnce, TwoSlots, Full, Delayed, Rows] });

  /** Sends requests one by one, so that they queue in their order. */
  async function queue(app: RunningApp, path: string, inputs: Input[], waiting = 0) {
    const answers = [];
    for (const input of inputs) {
      answers.push(app.post(path, input));
      await levelsAre(app, { queue_depth: ++waiting });
    }
    return answers;
  }

  const numbers = (inputs: Input[]) => inputs.map(({ n }) => n);

  it('with maxDelay 0 starts at once where a slot is free, and forms while it is taken', async () => {
    const app = await start();
    const first = app.post('/at-once', { n: 0 });
    expect(numbers((await model.run(0)).inputs)).toEqual([0]);
    const waiting = await queue(
      app,
      '/at-once',
      [1, 2, 3, 4, 5].map((n) => ({ n })),
    );
    expect(model.runs).toHaveLength(1);
    model.release();
    expect((await first).body).toEqual({ n: 0 });
    expect(numbers((await model.run(1)).inputs)).toEqual([1, 2, 3, 4]);
    model.release();
    expect(numbers((await model.run(2)).inputs)).toEqual([5]);
    model.release();
    expect((await Promise.all(waiting)).map(({ body }) => body.n)).toEqual([1, 2, 3, 4, 5]);
    const scrape = await Scrape.of(app.url);
    const of = { endpoint: '/at-once' };
    expect(scrape.sum('batch_size_count', of)).toBe(3 * (ADAPTERS.indexOf(adapter) + 1));
    expect(scrape.sum('batch_size_sum', of)).toBe(6 * (ADAPTERS.indexOf(adapter) + 1));
  });

  it('runs beside another where maxConcurrency allows', async () => {
    const app = await start();
    const answers = [app.post('/two-slots', { n: 0 })];
    await model.run(0);
    answers.push(app.post('/two-slots', { n: 1 }));
    await model.run(1);
    answers.push(...(await queue(app, '/two-slots', [{ n: 2 }, { n: 3 }])));
    expect(model.runs).toHaveLength(2);
    model.runs[1]!.resolve([{ n: 1 }]);
    expect(numbers((await model.run(2)).inputs)).toEqual([2, 3]);
    model.release();
    expect((await Promise.all(answers)).map(({ body }) => body.n)).toEqual([0, 1, 2, 3]);
  });

  it('starts before its delay is over when it is full', async () => {
    const app = await start();
    const answers = await queue(app, '/full', [{ n: 0 }, { n: 1 }]);
    expect(model.runs).toHaveLength(0);
    answers.push(app.post('/full', { n: 2 }));
    expect(numbers((await model.run(0)).inputs)).toEqual([0, 1, 2]);
    model.release();
    expect((await Promise.all(answers)).map(({ body }) => body.n)).toEqual([0, 1, 2]);
  });

  it('starts with all that came when its oldest item has waited maxDelay', async () => {
    const app = await start();
    const begin = performance.now();
    const answers = await queue(app, '/delayed', [{ n: 0 }, { n: 1 }]);
    expect(numbers((await model.run(0)).inputs)).toEqual([0, 1]);
    expect(performance.now() - begin).toBeGreaterThanOrEqual(500);
    model.release();
    expect((await Promise.all(answers)).map(({ body }) => body.n)).toEqual([0, 1]);
  });

  it('holds as many inputs as their sizes allow, in order', async () => {
    const app = await start();
    const first = app.post('/rows', { n: 0, rows: [0] });
    await model.run(0);
    const inputs = [
      { n: 1, rows: [1, 2] },
      { n: 2, rows: [3] },
      { n: 3, rows: [4, 5, 6] },
      { n: 4, rows: [] },
    ];
    const waiting = await queue(app, '/rows', inputs);
    model.release();
    expect(numbers((await model.run(1)).inputs)).toEqual([1, 2]);
    model.release();
    expect(numbers((await model.run(2)).inputs)).toEqual([3, 4]);
    model.release();
    const answers = await Promise.all([first, ...waiting]);
    expect(answers.map(({ body }) => body.n)).toEqual([0, 1, 2, 3, 4]);
  });

  it('refuses an input that no batch can hold with 413, and lets others in', async () => {
    const app = await start();
    const answer = await app.post('/rows', { n: 0, rows: [1, 2, 3, 4, 5] });
    expect(answer).toMatchObject({
      status: 413,
      body: { code: 'RESOURCE_EXHAUSTED', error: 'Expected at most 4 items in a request, got 5' },
    });
    const fits = app.post('/rows', { n: 1, rows: [1, 2, 3, 4] });
    await model.run(0);
    model.release();
    expect((await fits).status).toBe(200);
  });

  it('is not troubled by a throw in sizeOf: a 500 for that request only', async () => {
    const app = await start();
    const first = app.post('/rows', { n: 0, rows: [0] });
    await model.run(0);
    const waiting = await queue(app, '/rows', [{ n: 1, rows: [1] }]);
    expect(await app.post('/rows', { n: 2 })).toMatchObject({
      status: 500,
      body: { error: 'Internal server error', code: 'INTERNAL' },
    });
    model.release();
    await model.run(1);
    model.release();
    const answers = await Promise.all([first, ...waiting]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
  });
});
