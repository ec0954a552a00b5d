import { ConflictException, HttpException } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import protobuf from 'protobufjs';
import { beforeEach, describe, expect, it } from 'vitest';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { HeldModel } from './held-model.js';
import { levelsAre } from './levels.js';

interface Input {
  n: number;
  poison?: boolean;
}

const { root: schema } = protobuf.parse(`
  syntax = "proto3";
  message Request { int32 n = 1; bool poison = 2; }
  message Response { int32 n = 1; }
`);

let model: HeldModel;
/** The sizes of the batches that `/isolate` and `/fail` were called with. */
let sizes: number[];
beforeEach(() => {
  model = new HeldModel();
  sizes = [];
});

/** Held while it runs alone, so that others form a batch; throws where an item is poisoned. */
async function poisonable(inputs: Input[], contexts: PredictContext[]): Promise<never> {
  sizes.push(inputs.length);
  if (sizes.length === 1) return model.batch(inputs, contexts);
  if (inputs.some(({ poison }) => poison)) throw new Error('A secret of the model');
  return inputs.map(({ n }) => ({ n })) as never;
}

@ModelEndpoint('/isolate', schema, { batch: { maxSize: 16 } })
class Isolating {
  predict(inputs: Input[], contexts: PredictContext[]): Promise<never> {
    return poisonable(inputs, contexts);
  }
}

@ModelEndpoint('/fail', schema, { batch: { maxSize: 16 }, onBatchError: 'fail' })
class Failing {
  predict(inputs: Input[], contexts: PredictContext[]): Promise<never> {
    return poisonable(inputs, contexts);
  }
}

@ModelEndpoint('/held', schema, { batch: { maxSize: 16 } })
class Held {
  predict(inputs: Input[], contexts: PredictContext[]): Promise<never> {
    return model.batch(inputs, contexts);
  }
}

const INTERNAL = { error: 'Internal server error', code: 'INTERNAL' };
const sixteen: Input[] = Array.from({ length: 16 }, (_, i) => ({ n: i + 1, poison: i === 6 }));

describe.each(ADAPTERS)('The results of a batch on %s', (adapter) => {
  const start = () => startApp(adapter, { controllers: [Isolating, Failing, Held] });

  /** The answers to inputs that run as one batch, formed while another request holds the slot. */
  async function together(app: RunningApp, path: string, inputs: Input[]) {
    const blocker = app.post(path, { n: 100 });
    const { resolve } = await model.run(0);
    const answers = inputs.map((input) => app.post(path, input));
    await levelsAre(app, { queue_depth: inputs.length });
    resolve([{ n: 100 }]);
    expect((await blocker).body).toEqual({ n: 100 });
    return answers;
  }

  async function statuses(answers: ReturnType<RunningApp['post']>[]) {
    return (await Promise.all(answers)).map(({ status }) => status);
  }

  it('are one 500 and fifteen 200 where one of sixteen items is poisoned', async () => {
    const app = await start();
    const answers = await Promise.all(await together(app, '/isolate', sixteen));
    expect(sizes).toEqual([1, 16, ...Array<number>(16).fill(1)]);
    for (const [i, { poison, n }] of sixteen.entries()) {
      if (poison) expect(answers[i]).toMatchObject({ status: 500, body: INTERNAL });
      else expect(answers[i]).toMatchObject({ status: 200, body: { n } });
    }
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
  });

  it("are sixteen 500 with onBatchError: 'fail', which calls the handler once", async () => {
    const app = await start();
    const answers = await Promise.all(await together(app, '/fail', sixteen));
    expect(sizes).toEqual([1, 16]);
    for (const answer of answers) expect(answer).toMatchObject({ status: 500, body: INTERNAL });
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
  });

  it('may be errors: each fails its own request, with its own status', async () => {
    const app = await start();
    const inputs = [1, 2, 3, 4, 5, 6].map((n) => ({ n }));
    const answers = await together(app, '/held', inputs);
    const run = await model.run(1);
    const results: Record<number, unknown> = {
      1: { n: 1 },
      2: new InvalidRequest('Two is too much'),
      3: new ConflictException('Three is taken'),
      4: new HttpException('Four has left', 418),
      5: new Error('A secret of the model'),
      6: { n: 6 },
    };
    run.resolve(run.inputs.map(({ n }: Input) => results[n]));
    expect(
      (await Promise.all(answers)).map(({ status, body }) => ({ status, ...body })),
    ).toMatchObject([
      { status: 200, n: 1 },
      { status: 400, code: 'INVALID_ARGUMENT', error: 'Two is too much' },
      { status: 409, code: 'ABORTED', error: 'Three is taken' },
      { status: 418, code: 'FAILED_PRECONDITION', error: 'Four has left' },
      { status: 500, ...INTERNAL },
      { status: 200, n: 6 },
    ]);
  });

  it('may break the response schema: each fails its own request', async () => {
    const app = await start();
    const answers = await together(app, '/held', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    const run = await model.run(1);
    run.resolve(run.inputs.map(({ n }: Input) => (n === 2 ? { n: 'two' } : { n })));
    expect(await statuses(answers)).toEqual([200, 500, 200]);
  });

  it.each([
    ['too few', [{ n: 1 }]],
    ['too many', [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }]],
    ['none', []],
    ['no array', { n: 1 }],
    ['nothing', undefined],
    ['a text as long as the batch', 'abc'],
  ])('that are %s are 500s, and the next request is served', async (_, results) => {
    const app = await start();
    const answers = await together(app, '/held', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    (await model.run(1)).resolve(results);
    for (const answer of await Promise.all(answers)) {
      expect(answer).toMatchObject({ status: 500, body: INTERNAL });
    }
    const next = app.post('/held', { n: 4 });
    (await model.run(2)).resolve([{ n: 4 }]);
    expect(await next).toMatchObject({ status: 200, body: { n: 4 } });
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
  });

  it('do not reach whoever expired while their batch was run again one by one', async () => {
    const app = await start();
    const clock = stopClock();
    const blocker = app.post('/held', { n: 100 });
    const first = await model.run(0);
    const brief = app.post('/held', { n: 1 }, { 'x-request-timeout-ms': '400' });
    await levelsAre(app, { queue_depth: 1 });
    const patient = [app.post('/held', { n: 2 })];
    await levelsAre(app, { queue_depth: 2 });
    const doomed = app.post('/held', { n: 3 }, { 'x-request-timeout-ms': '400' });
    await levelsAre(app, { queue_depth: 3 });
    first.resolve([{ n: 100 }]);
    expect((await blocker).status).toBe(200);
    (await model.run(1)).reject(new Error('Poisoned'));
    // The first is run again, for longer than it and the third may wait.
    const again = await model.run(2);
    expect(again.inputs).toEqual([{ n: 1 }]);
    clock.advance(400);
    expect(await statuses([brief, doomed])).toEqual([504, 504]);
    again.resolve([{ n: 1 }]);
    const last = await model.run(3);
    expect(last.inputs).toEqual([{ n: 2 }]);
    last.resolve([{ n: 2 }]);
    expect(await statuses(patient)).toEqual([200]);
    expect(model.runs).toHaveLength(4);
  });
});
