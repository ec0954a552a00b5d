import { Injectable } from '@nestjs/common';
import type { SpanContext } from '@opentelemetry/api';
import { ModelEndpoint } from 'nestjs-model-serving';
import { ThreadedModel } from 'nestjs-model-serving/threads';
import { expect, it } from 'vitest';
import { startApp } from '../serving-app.js';
import { inSpan, spanNamed, spans } from './spans.js';

type Place = Partial<SpanContext>;

@Injectable()
class TracedModel extends ThreadedModel<{ items?: number }, Place> {
  constructor() {
    super(new URL('./fixtures/traced.mjs', import.meta.url), { maxThreads: 1 });
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
