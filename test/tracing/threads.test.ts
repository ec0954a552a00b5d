import { Injectable } from '@nestjs/common';
import type { SpanContext } from '@opentelemetry/api';
import { ModelEndpoint } from 'nestjs-model-serving';
import { ThreadedModel } from 'nestjs-model-serving/threads';
import { expect, it } from 'vitest';
import { startApp } from '../serving-app.js';
import { failing, inSpan, replaceParts, spanNamed, spans } from './spans.js';

type Place = Partial<Omit<SpanContext, 'traceState'>> & { traceState?: string };

const file = new URL('./fixtures/traced.mjs', import.meta.url);

@Injectable()
class TracedModel extends ThreadedModel<{ items?: number }, Place> {
  constructor() {
    super(file, { maxThreads: 1 });
  }
}

@ModelEndpoint('/one')
class One {
  constructor(private readonly model: TracedModel) {}
  predict() {
    return this.model.run({});
  }
}

@ModelEndpoint('/many', undefined, { stream: true })
class Many {
  constructor(private readonly model: TracedModel) {}
  predict() {
    return this.model.stream({ items: 2 });
  }
}

it('goes on in worker threads', async () => {
  const { post } = await startApp('express', {
    controllers: [One, Many],
    providers: [TracedModel],
  });
  const { body: one } = await post('/one', {});
  await expect.poll(() => spans()).toHaveLength(2);
  const { traceId, spanId } = spanNamed('predict').spanContext();
  expect(one).toMatchObject({ traceId, spanId, isRemote: true });

  const { body: many } = await post('/many', {}, { accept: 'application/json' });
  await expect.poll(() => spans()).toHaveLength(4);
  const last = spans()
    .findLast(({ name }) => name === 'predict')!
    .spanContext();
  expect(many.map(({ spanId }: Place) => spanId)).toEqual([last.spanId, last.spanId]);
});

it.each([
  ['sampled', 1],
  ['not sampled', 0],
])('takes the state of a trace along, of one that is %s', async (_, traceFlags) => {
  const { post } = await startApp('fastify', {
    controllers: [One, Many],
    providers: [TracedModel],
  });
  const traceId = 'a'.repeat(32);
  const headers = {
    accept: 'application/json',
    traceparent: `00-${traceId}-${'b'.repeat(16)}-0${traceFlags}`,
    tracestate: 'vendor=1,other=2',
  };
  const place = { traceId, traceFlags, traceState: headers.tracestate, isRemote: true };
  expect((await post('/one', {}, headers)).body).toMatchObject(place);
  expect((await post('/many', {}, headers)).body).toMatchObject([place, place]);
});

it.each([
  ['written', { replaced: { propagator: failing }, workerData: {} }],
  ['read', { replaced: {}, workerData: { isBroken: true } }],
])('is none where it cannot be %s', async (_, { replaced, workerData }) => {
  const model = new ThreadedModel<object, Place>(file, { maxThreads: 1, workerData });
  await model.load();
  replaceParts(replaced);
  expect(await inSpan('a', () => model.run({}))).toEqual({});
  const items = model.stream({ items: 1 });
  expect(await inSpan('b', () => items.next())).toEqual({ done: false, value: {} });
  await items.return();
  await model.close();
});

it('is where each call was made, also of one that waited for a thread', async () => {
  const model = new TracedModel();
  await model.load();
  const places = await Promise.all(
    ['a', 'b', 'c'].map((name) => inSpan(name, () => model.run({}))),
  );
  const outside = await model.run({});
  await model.close();
  expect(places.map(({ spanId }) => spanId)).toEqual(
    ['a', 'b', 'c'].map((name) => spanNamed(name).spanContext().spanId),
  );
  expect(outside).toEqual({});
});
