import { Controller, type INestApplication } from '@nestjs/common';
import { trace } from '@opentelemetry/api';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { deferred } from '../endpoint/deferred.js';
import { startApp, WAYS, type RunningApp, type Way } from '../serving-app.js';
import { expectTraces, inSpan, spanNamed, spans, UNTRACED } from './spans.js';

interface Input {
  hold?: boolean;
  fail?: boolean;
}

@Controller()
class Models {
  started = deferred<void>();
  release = deferred<void>();

  async predict(inputs: Input[]): Promise<object[]> {
    if (inputs[0]!.hold) {
      this.started.resolve();
      await this.release.promise;
    }
    if (inputs.some(({ fail }) => fail)) throw new Error('one of them is bad');
    return inSpan('outgoing', () => inputs);
  }

  @ModelEndpoint('/batched', undefined, { batch: { maxSize: 2 } })
  batched(inputs: Input[]) {
    return this.predict(inputs);
  }

  @ModelEndpoint('/at-once', undefined, { batch: { maxSize: 4 } })
  atOnce(inputs: Input[]) {
    return inputs;
  }

  @ModelEndpoint('/failing-together', undefined, { batch: { maxSize: 2 }, onBatchError: 'fail' })
  failing(inputs: Input[]) {
    return this.predict(inputs);
  }

  @ModelEndpoint('/promises', undefined, { batch: { maxSize: 4 } })
  promises(inputs: Input[]) {
    return inputs.map((input) => inSpan('later', () => Promise.resolve(input)));
  }

  @ModelEndpoint('/cached', undefined, { batch: { maxSize: 4 }, cache: true })
  cached(inputs: Input[]) {
    return this.predict(inputs);
  }
}

@Controller()
class WarmModel {
  @ModelEndpoint('/each', undefined, { batch: { maxSize: 4 }, warmup: [{}] })
  each(inputs: Input[], contexts: PredictContext[]) {
    const place = (name: string) => trace.getTracer('test').startSpan(name).end();
    for (const context of contexts) context.run(() => place(`of ${context.requestId}`));
    place('of the batch');
    return inputs;
  }
}

const id = (requestId: string) => ({ 'x-request-id': requestId });
const queued = async (app: INestApplication, route: string, depth: number) => {
  const { routes } = app.get(EndpointRegistry, { strict: false });
  await expect.poll(() => routes.get(route)!.queueDepth).toBe(depth);
};

async function start(way: Way) {
  const running = await startApp(way, { controllers: [Models] });
  return { ...running, models: running.app.get(Models) };
}

/** Sends `a`, which is held, and `b` and `c` one after the other, which wait for it. */
async function threeCalls(
  { post, app, models }: RunningApp & { models: Models },
  route: string,
  third: Input = {},
): Promise<void> {
  const first = post(route, { hold: true }, id('a'));
  await models.started.promise;
  const second = post(route, {}, id('b'));
  await queued(app, route, 1);
  const last = post(route, third, id('c'));
  await queued(app, route, 2);
  models.release.resolve();
  await Promise.all([first, second, last]);
}

describe.each(WAYS)('a batch on %s', (way) => {
  it('is a trace of its own, also one of a single call, with links both ways', async () => {
    const running = await start(way);
    await threeCalls(running, '/batched');
    await expectTraces(
      'SERVER POST /batched route=/batched',
      '  predict a outcome=ok (started) -> batch:predict batch',
      'predict batch size=1 reason=idle -> member:predict a',
      '  outgoing',
      'SERVER POST /batched route=/batched',
      '  predict b outcome=ok (queued, started) -> batch:predict batch',
      'SERVER POST /batched route=/batched',
      '  predict c outcome=ok (queued, started) -> batch:predict batch',
      'predict batch size=2 reason=full -> member:predict b, member:predict c',
      '  outgoing',
    );
    expect(spanNamed('predict batch').attributes).toMatchObject({
      'model_serving.endpoint': '/batched',
      'model_serving.model.name': 'Models.batched',
    });
  });

  it('is one where the handler answers at once, or with a promise for each', async () => {
    const { post } = await start(way);
    await post('/at-once', {}, id('a'));
    await post('/promises', {}, id('b'));
    await expectTraces(
      'SERVER POST /at-once route=/at-once',
      '  predict a outcome=ok (started) -> batch:predict batch',
      'predict batch size=1 reason=idle -> member:predict a',
      'SERVER POST /promises route=/promises',
      '  predict b outcome=ok (started) -> batch:predict batch',
      'predict batch size=1 reason=idle -> member:predict b',
      '  later',
    );
  });

  it('that fails runs its calls again, each as a batch of one', async () => {
    const running = await start(way);
    await threeCalls(running, '/batched', { fail: true });
    await expectTraces(
      'SERVER POST /batched route=/batched',
      '  predict a outcome=ok (started) -> batch:predict batch',
      'predict batch size=1 reason=idle -> member:predict a',
      '  outgoing',
      'SERVER POST /batched route=/batched',
      '  predict b outcome=ok (queued, started) -> batch:predict batch, batch:predict batch',
      'SERVER POST /batched route=/batched ERROR',
      '  predict c outcome=error error=INTERNAL (queued, started, exception) -> batch:predict batch, batch:predict batch ERROR',
      'predict batch size=2 reason=full (exception) -> member:predict b, member:predict c ERROR',
      'predict batch size=1 -> member:predict b',
      '  outgoing',
      'predict batch size=1 (exception) -> member:predict c ERROR',
    );
  });

  it('fails with its calls where they are to fail together', async () => {
    const { post } = await start(way);
    await post('/failing-together', { fail: true }, id('a'));
    await expectTraces(
      'SERVER POST /failing-together route=/failing-together ERROR',
      '  predict a outcome=error error=INTERNAL (started, exception) -> batch:predict batch ERROR',
      'predict batch size=1 reason=idle (exception) -> member:predict a ERROR',
    );
  });

  it('enters the trace of each of its calls, and has none for a warm-up', async () => {
    const { post } = await startApp(way, { controllers: [WarmModel] });
    expect(spans().map(({ name }) => name)).toEqual(['of warm-up', 'of the batch']);
    await post('/each', {}, id('a'));
    await expect.poll(() => spans()).toHaveLength(7);
    const parentOf = (name: string) =>
      spans().findLast((span) => span.name === name)!.parentSpanContext?.spanId;
    expect(parentOf('of a')).toBe(spanNamed('predict').spanContext().spanId);
    expect(parentOf('of the batch')).toBe(spanNamed('predict batch').spanContext().spanId);
  });

  it('leads from calls that share one answer to the one that is in it', async () => {
    const { post, app, models } = await start(way);
    const first = post('/cached', { hold: true }, id('a'));
    await models.started.promise;
    const second = post('/cached', { hold: true }, id('b'));
    const { routes } = app.get(EndpointRegistry, { strict: false });
    await expect.poll(() => routes.get('/cached')!.inFlight).toBe(2);
    models.release.resolve();
    await Promise.all([first, second]);
    await expectTraces(
      'SERVER POST /cached route=/cached',
      '  predict a cache=miss outcome=ok (started) -> batch:predict batch',
      'predict batch size=1 reason=idle -> member:predict a',
      '  outgoing',
      'SERVER POST /cached route=/cached',
      '  predict b cache=coalesced outcome=ok -> leader:predict a',
    );
  });

  it('has no trace, and none leads to one, where the app has nothing traced of its calls', async () => {
    const { post, app, models } = await start(way);
    await post('/at-once', {}, UNTRACED);
    expect(spans()).toEqual([]);
    const first = post('/cached', { hold: true }, UNTRACED);
    await models.started.promise;
    const second = post('/cached', { hold: true }, id('b'));
    const { routes } = app.get(EndpointRegistry, { strict: false });
    await expect.poll(() => routes.get('/cached')!.inFlight).toBe(2);
    models.release.resolve();
    await Promise.all([first, second]);
    await expectTraces(
      'SERVER POST /cached route=/cached',
      '  predict b cache=coalesced outcome=ok',
      // Of the handler's own.
      'outgoing',
    );
  });
});
