import { batchSignal, ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openSocket } from '../http/raw-request.js';
import { Scrape } from '../load/metrics.js';
import { ADAPTERS, startApp, type RunningApp } from '../serving-app.js';
import { HeldModel } from './held-model.js';
import { levelsAre } from './levels.js';

let model: HeldModel;
beforeEach(() => {
  model = new HeldModel();
});

@ModelEndpoint('/single', undefined, { maxConcurrency: 1 })
class Single {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/wide')
class Wide {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/batched', undefined, { batch: { maxSize: 4 } })
class Batched {
  predict(inputs: unknown[], contexts: PredictContext[]): Promise<never> {
    return model.batch(inputs, contexts);
  }
}

describe.each(ADAPTERS)('A client that goes away on %s', (adapter) => {
  const start = () => startApp(adapter, { controllers: [Single, Wide, Batched] });

  /** Sends a request that can be left. */
  function send(app: RunningApp, path: string, input: unknown) {
    const controller = new AbortController();
    const { signal } = controller;
    const body = JSON.stringify(input);
    const answer = fetch(app.url + path, { method: 'POST', body, signal });
    const gone = answer.then(
      () => 'answered',
      () => 'gone',
    );
    return { answer, gone, leave: () => controller.abort() };
  }

  async function cancelled(app: RunningApp, endpoint: string): Promise<number> {
    return (await Scrape.of(app.url)).sum('requests_total', { endpoint, outcome: 'cancelled' });
  }

  it.each(['/single', '/batched'])('is taken out of the queue of %s', async (path) => {
    const app = await start();
    const before = await cancelled(app, path);
    const running = app.post(path, { n: 0 });
    const first = await model.run(0);
    const leaver = send(app, path, { n: 1 });
    await levelsAre(app, { in_flight: 2, queue_depth: 1 });
    const stayer = app.post(path, { n: 2 });
    await levelsAre(app, { in_flight: 3, queue_depth: 2 });
    leaver.leave();
    expect(await leaver.gone).toBe('gone');
    await levelsAre(app, { in_flight: 2, queue_depth: 1 });
    first.resolve([{ n: 0 }]);
    const next = await model.run(1);
    expect(next.inputs).toEqual([{ n: 2 }]);
    next.resolve([{ n: 2 }]);
    expect((await running).status).toBe(200);
    expect((await stayer).status).toBe(200);
    expect(model.runs).toHaveLength(2);
    expect(await cancelled(app, path)).toBe(before + 1);
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
  });

  it('has the signal of its running request aborted', async () => {
    const app = await start();
    const leaver = send(app, '/single', { n: 0 });
    const { context, resolve } = await model.run(0);
    const aborted = vi.fn<() => void>();
    context.signal.addEventListener('abort', aborted);
    leaver.leave();
    await vi.waitFor(() => expect(aborted).toHaveBeenCalled(), { timeout: 15_000 });
    expect(context.signal.reason).toMatchObject({ failure: 'Cancelled' });
    await levelsAre(app, { in_flight: 0 });
    // The handler still runs, so that its slot is taken.
    const next = app.post('/single', { n: 1 });
    await levelsAre(app, { queue_depth: 1 });
    resolve({});
    (await model.run(1)).resolve({ n: 1 });
    expect(await next).toMatchObject({ status: 200, body: { n: 1 } });
  });

  it('leaves its batch running; the batch is aborted when all its members are gone', async () => {
    const app = await start();
    const blocker = app.post('/batched', { n: 0 });
    const first = await model.run(0);
    const leavers = [1, 2, 3].map((n) => send(app, '/batched', { n }));
    await levelsAre(app, { queue_depth: 3 });
    first.resolve([{ n: 0 }]);
    expect((await blocker).status).toBe(200);
    const { contexts, resolve } = await model.run(1);
    expect(contexts).toHaveLength(3);
    const signal = batchSignal(contexts);
    const left = () => contexts.filter((context) => !context.signal.aborted).length;
    for (const [i, leaver] of leavers.entries()) {
      expect(signal.aborted).toBe(false);
      leaver.leave();
      await vi.waitFor(() => expect(left()).toBe(2 - i), { timeout: 15_000 });
    }
    expect(signal.aborted).toBe(true);
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
    resolve(contexts.map(() => ({})));
    const next = app.post('/batched', { n: 4 });
    (await model.run(2)).resolve([{ n: 4 }]);
    expect(await next).toMatchObject({ status: 200, body: { n: 4 } });
  });

  it('takes all its pipelined requests along, queued, running and half sent', async () => {
    const app = await start();
    const before = await cancelled(app, '/wide');
    const socket = await openSocket(app.url);
    const request = (n: number) => {
      const body = JSON.stringify({ n });
      return `POST /wide HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    };
    // More than the ten listeners that Node calls a leak.
    socket.write([...Array(12).keys()].map(request).join('') + request(12).slice(0, -3));
    await model.run(11);
    await levelsAre(app, { in_flight: 13 });
    const signals = model.runs.map(({ context }) => context.signal);
    // An answer that is ready waits behind the first, and never goes out either.
    model.runs[5]!.resolve({ n: 5 });
    socket.destroy();
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
    expect(signals.map(({ aborted }) => aborted)).toEqual(signals.map(() => true));
    expect(await cancelled(app, '/wide')).toBe(before + 13);
    const scrape = await Scrape.of(app.url);
    const counted = scrape.sum('requests_total', { endpoint: '/wide' });
    expect(counted).toBe(13 * (ADAPTERS.indexOf(adapter) + 1));
    for (const { resolve } of model.runs) resolve({});
  });
});
