import { request } from 'node:http';
import { Controller } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { readLog } from './log-lines.js';
import { inSpan, spanNamed, spans, UNTRACED } from './spans.js';

@Controller()
class Models {
  @ModelEndpoint('/one')
  async one(_: object, { log }: PredictContext) {
    log.log('in the handler');
    await inSpan('outgoing', () => log.log('in a span of its own'));
    return {};
  }

  @ModelEndpoint('/batched', undefined, { batch: { maxSize: 2 } })
  batched(inputs: object[], contexts: PredictContext[]) {
    contexts[0]!.log.log('in a batch');
    return inputs;
  }

  @ModelEndpoint('/broken')
  broken(): never {
    throw new Error('the model is broken');
  }
}

const placeOf = (span: ReturnType<typeof spanNamed>) => ({
  trace_id: span.spanContext().traceId,
  span_id: span.spanContext().spanId,
});

it('is named in every line about a call', async () => {
  const { post } = await startApp('express', { controllers: [Models] });
  const log = readLog();
  await post('/one', {});
  await expect.poll(() => spans()).toHaveLength(3);
  const last = () => spans().findLast(({ name }) => name === 'predict')!;
  expect(log.with('in the handler')).toMatchObject(placeOf(spanNamed('predict')));
  expect(log.with('in a span of its own')).toMatchObject(placeOf(spanNamed('outgoing')));

  await post('/batched', {});
  await expect.poll(() => spans()).toHaveLength(6);
  expect(log.with('in a batch')).toMatchObject(placeOf(last()));

  await post('/broken', {});
  await expect.poll(() => spans()).toHaveLength(8);
  expect(log.with('the model is broken')).toMatchObject(placeOf(last()));

  await post('/one', 'no JSON');
  await expect.poll(() => spans()).toHaveLength(10);
  await expect.poll(() => log.with('(400)')).toMatchObject(placeOf(last()));
});

describe.each(ADAPTERS)('of %s', (adapter) => {
  const [one, other] = ['a', 'b'].map((digit) => digit.repeat(32));

  it.each([
    ['is none that anybody could be', 'nonsense'],
    ['is of no trace', `00-${'0'.repeat(32)}-${'c'.repeat(16)}-01`],
    ['stands twice', [one, other].map((id) => `00-${id}-${'c'.repeat(16)}-01`)],
  ])('is a trace of its own where traceparent %s', async (_, traceparent) => {
    const { url } = await startApp(adapter, { controllers: [Models] });
    const log = readLog();
    const status = await new Promise((resolve) => {
      const headers = { connection: 'close', traceparent, tracestate: ['v=1', 'w=2'] };
      request(`${url}/one`, { method: 'POST', headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode));
      }).end('{}');
    });
    expect(status).toBe(200);
    await expect.poll(() => spans()).toHaveLength(3);
    const ids = placeOf(spanNamed('predict'));
    expect(log.with('in the handler')).toMatchObject(ids);
    expect([one, other]).not.toContain(ids.trace_id);
  });

  it('is not named where the app has nothing traced of the request', async () => {
    const { post } = await startApp(adapter, { controllers: [Models] });
    const log = readLog();
    await post('/one', {}, UNTRACED);
    await post('/broken', {}, UNTRACED);
    await post('/one', 'no JSON', UNTRACED);
    for (const text of ['in the handler', 'the model is broken', '(400)']) {
      await expect.poll(() => log.with(text)).toBeDefined();
      expect(log.with(text)).not.toHaveProperty('trace_id');
      expect(log.with(text)).not.toHaveProperty('span_id');
    }
    expect(spans()).toEqual([]);
  });
});
