import { once } from 'node:events';
import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { WAYS, startApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';

@Controller()
class Model {
  calls = 0;
  readonly started = deferred<PredictContext>();

  @ModelEndpoint('/deadline', undefined, { timeout: 10_000 })
  deadline(_: object, { deadline }: PredictContext) {
    this.calls++;
    return { left: deadline - performance.timeOrigin - performance.now() };
  }

  @ModelEndpoint('/hang', undefined, { timeout: 30, maxConcurrency: 1 })
  async hang(_: object, context: PredictContext) {
    this.calls++;
    this.started.resolve(context);
    await once(context.signal, 'abort');
    return {};
  }

  @ModelEndpoint('/busy', undefined, { timeout: 20 })
  busy() {
    const end = performance.now() + 40;
    while (performance.now() < end);
    return {};
  }
}

const within = (ms: string | number) => ({ 'x-request-timeout-ms': String(ms) });

async function startWithStoppedClock(adapter: (typeof WAYS)[number]) {
  const app = await startApp(adapter, { controllers: [Model] });
  return { ...app, clock: stopClock(), model: app.app.get(Model) };
}

describe.each(WAYS)('the deadline on %s', (adapter) => {
  it('that has passed is a 504, and the handler is told', async () => {
    const { post, clock, model } = await startWithStoppedClock(adapter);
    const answer = post('/hang', {}, { 'x-request-id': 'r1' });
    const { signal } = await model.started.promise;
    clock.advance(29);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.reason).toMatchObject({ failure: 'DeadlineExceeded' });
    expect(await answer).toMatchObject({
      status: 504,
      body: { error: 'Deadline exceeded', code: 'DEADLINE_EXCEEDED', requestId: 'r1' },
    });
  });

  it('holds for a handler that never lets go of the thread', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    expect((await app.post('/busy', {})).status).toBe(504);
  });

  it('can be shortened by the client', async () => {
    const { post } = await startWithStoppedClock(adapter);
    expect((await post('/deadline', {}, within(5_000))).body.left).toBeCloseTo(5_000, -1);
  });

  it('cannot be put off by the client', async () => {
    const { post } = await startWithStoppedClock(adapter);
    for (const ms of [60_000, 999_999_999_999_999])
      expect((await post('/deadline', {}, within(ms))).body.left).toBeCloseTo(10_000, -1);
  });

  it('that has passed before the start is never started', async () => {
    const { post, clock, model } = await startWithStoppedClock(adapter);
    expect((await post('/deadline', {}, within(0))).status).toBe(504);
    expect(model.calls).toBe(0);
    const running = post('/hang', {});
    await model.started.promise;
    const waiting = post('/hang', {}, within(0));
    expect((await waiting).status).toBe(504);
    clock.advance(30);
    expect((await running).status).toBe(504);
    expect(model.calls).toBe(1);
  });

  it.each(['', 'soon', '-1', '1.5', '1e3', '0x10', ' ', '1 000', '10, 20', '9'.repeat(16), 'NaN'])(
    'is a 400 where the client asks for %o',
    async (value) => {
      const app = await startApp(adapter, { controllers: [Model] });
      const answer = await app.post('/deadline', {}, within(value));
      expect(answer).toMatchObject({ status: 400, body: { code: 'INVALID_ARGUMENT' } });
      expect(answer.body.error).toBe(
        `Expected X-Request-Timeout-Ms to be a whole number of milliseconds, got "${value.trim()}"`,
      );
    },
  );
});
