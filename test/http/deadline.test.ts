import { once } from 'node:events';
import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS, startApp } from '../serving-app.js';

@Controller()
class Model {
  calls = 0;
  readonly aborted = deferred<AbortSignal>();

  @ModelEndpoint('/deadline', undefined, { timeout: 10_000 })
  deadline(_: object, { deadline }: PredictContext) {
    this.calls++;
    return { left: deadline - Date.now() };
  }

  @ModelEndpoint('/hang', undefined, { timeout: 30 })
  async hang(_: object, { signal }: PredictContext) {
    await once(signal, 'abort');
    this.aborted.resolve(signal);
    return {};
  }

  @ModelEndpoint('/hang-long', undefined, { timeout: 60_000, maxConcurrency: 1 })
  async hangLong(_: object, { signal }: PredictContext) {
    this.calls++;
    await once(signal, 'abort');
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

describe.each(ADAPTERS)('the deadline on %s', (adapter) => {
  it('that has passed is a 504, and the handler is told', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    expect(await app.post('/hang', {}, { 'x-request-id': 'r1' })).toMatchObject({
      status: 504,
      body: { error: 'Deadline exceeded', code: 'DEADLINE_EXCEEDED', requestId: 'r1' },
    });
    const signal = await app.app.get(Model).aborted.promise;
    expect(signal.reason).toMatchObject({ failure: 'DeadlineExceeded' });
  });

  it('holds for a handler that never lets go of the thread', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    expect((await app.post('/busy', {})).status).toBe(504);
  });

  it('can be shortened by the client', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    expect((await app.post('/hang-long', {}, within(30))).status).toBe(504);
    const { left } = (await app.post('/deadline', {}, within(5_000))).body;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(5_001);
  });

  it('cannot be put off by the client', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    for (const ms of [60_000, 999_999_999_999_999]) {
      const { left } = (await app.post('/deadline', {}, within(ms))).body;
      expect(left).toBeLessThanOrEqual(10_001);
    }
    expect((await app.post('/hang', {}, within(60_000))).status).toBe(504);
  });

  it('that has passed before the start is never started', async () => {
    const app = await startApp(adapter, { controllers: [Model] });
    expect((await app.post('/deadline', {}, within(0))).status).toBe(504);
    expect(app.app.get(Model).calls).toBe(0);
    const running = app.post('/hang-long', {}, within(300));
    const waiting = app.post('/hang-long', {}, within(20));
    expect((await waiting).status).toBe(504);
    expect((await running).status).toBe(504);
    expect(app.app.get(Model).calls).toBe(1);
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
