import { once } from 'node:events';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it } from 'vitest';
import { openSocket } from '../http/raw-request.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { HeldModel } from './held-model.js';
import { levelsAre } from './levels.js';

let model: HeldModel;
beforeEach(() => {
  model = new HeldModel();
});

@ModelEndpoint('/brief', undefined, { timeout: 60, maxConcurrency: 1 })
class Brief {
  predict(input: unknown, context: PredictContext): unknown {
    return model.one(input, context);
  }
}

@ModelEndpoint('/patient', undefined, { maxConcurrency: 1 })
class Patient {
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

const TIMEOUT = { error: 'Deadline exceeded', code: 'DEADLINE_EXCEEDED' };

describe.each(ADAPTERS)('The deadline of a request on %s', (adapter) => {
  async function start() {
    const app = await startApp(adapter, { controllers: [Brief, Patient, Batched] });
    return { ...app, clock: stopClock() };
  }

  it('ends one that runs with 504, and aborts its signal', async () => {
    const app = await start();
    const answer = app.post('/brief', {});
    const { context, resolve } = await model.run(0);
    const { signal } = context;
    app.clock.advance(59);
    expect(signal.aborted).toBe(false);
    app.clock.advance(1);
    expect(signal.reason).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(await answer).toMatchObject({ status: 504, body: TIMEOUT });
    resolve({});
  });

  it.each(['/patient', '/batched'])(
    'ends one that waits at %s; it is never started',
    async (path) => {
      const app = await start();
      const running = app.post(path, { n: 0 });
      const first = await model.run(0);
      const late = app.post(path, { n: 1 }, { 'x-request-timeout-ms': '30' });
      await levelsAre(app, { queue_depth: 1 });
      app.clock.advance(30);
      expect(await late).toMatchObject({ status: 504, body: TIMEOUT });
      first.resolve([{ n: 0 }]);
      expect((await running).status).toBe(200);
      const next = app.post(path, { n: 2 });
      (await model.run(1)).resolve([{ n: 2 }]);
      expect((await next).status).toBe(200);
      expect(model.runs.flatMap(({ inputs }) => inputs)).toEqual([{ n: 0 }, { n: 2 }]);
    },
  );

  it('is brought forward by X-Request-Timeout-Ms', async () => {
    const app = await start();
    const answer = app.post('/patient', {}, { 'X-Request-Timeout-Ms': '40' });
    await model.run(0);
    app.clock.advance(40);
    expect(await answer).toMatchObject({ status: 504, body: TIMEOUT });
  });

  it('is not put off by it', async () => {
    const app = await start();
    const answer = app.post('/brief', {}, { 'X-Request-Timeout-Ms': '10000' });
    await model.run(0);
    app.clock.advance(60);
    expect(await answer).toMatchObject({ status: 504, body: TIMEOUT });
  });

  it('is over at once with a timeout of 0: the handler is not called', async () => {
    const app = await start();
    for (const path of ['/patient', '/batched']) {
      const answer = await app.post(path, {}, { 'X-Request-Timeout-Ms': '0' });
      expect(answer).toMatchObject({ status: 504, body: TIMEOUT });
    }
    expect(model.runs).toEqual([]);
    await levelsAre(app, { in_flight: 0, queue_depth: 0 });
  });

  it.each(['-1', '1.5', '1e3', 'soon', ''])('is no place for "%s": 400', async (value) => {
    const app = await start();
    const answer = await app.post('/patient', {}, { 'X-Request-Timeout-Ms': value });
    expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
    expect(answer.body.error).toContain('X-Request-Timeout-Ms');
  });

  it('may pass while the request is still being sent: it is never started', async () => {
    const app = await start();
    const socket = await openSocket(app.url);
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
    const body = 'X-Request-Timeout-Ms: 20\r\nContent-Length: 7\r\nConnection: close\r\n\r\n{"n":';
    socket.write(`POST /patient HTTP/1.1\r\nHost: a\r\n${body}`);
    await levelsAre(app, { in_flight: 1 });
    app.clock.advance(20);
    socket.write('1}');
    await once(socket, 'close');
    expect(received).toMatch(/^HTTP\/1\.1 504 [^]*DEADLINE_EXCEEDED/);
    expect(model.runs).toEqual([]);
  });

  it('of one member leaves the rest of its batch alone', async () => {
    const app = await start();
    const first = app.post('/batched', { n: 0 });
    const blocker = await model.run(0);
    const brief = app.post('/batched', { n: 1 }, { 'x-request-timeout-ms': '300' });
    const patient = app.post('/batched', { n: 2 });
    await levelsAre(app, { queue_depth: 2 });
    blocker.resolve([{ n: 0 }]);
    expect((await first).status).toBe(200);
    const { inputs, contexts, resolve } = await model.run(1);
    expect(inputs).toHaveLength(2);
    app.clock.advance(300);
    expect((await brief).status).toBe(504);
    const position = inputs.findIndex(({ n }) => n === 1);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual(
      inputs.map((_, index) => index === position),
    );
    resolve(inputs);
    expect(await patient).toMatchObject({ status: 200, body: { n: 2 } });
  });
});
