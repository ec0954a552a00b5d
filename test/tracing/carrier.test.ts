import { trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { carryContext, inCarriedContext } from '../../src/tracing/index.js';
import { failing, inSpan, replaceParts, spanNamed } from './spans.js';

it('a place in a trace travels as text to where its work is done', async () => {
  const carrier = await inSpan('sender', () => JSON.parse(JSON.stringify(carryContext())));
  await inCarriedContext(carrier, () => inSpan('receiver', () => undefined));
  const { traceId, spanId } = spanNamed('sender').spanContext();
  expect(carrier).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  expect(spanNamed('receiver').parentSpanContext).toMatchObject({ traceId, spanId });
});

it('work that brings none along is done where it is', () => {
  expect(inCarriedContext(undefined, () => trace.getActiveSpan())).toBeUndefined();
});

it('nothing travels where the propagator fails, and the work is done', () => {
  replaceParts({ propagator: failing });
  expect(carryContext()).toBeUndefined();
  expect(inCarriedContext({ traceparent: 'any' }, () => 'done')).toBe('done');
});

it('nothing travels where there is no where there is no SDK', () => {
  const key = Symbol.for('opentelemetry.js.api.1');
  const registered: unknown = Reflect.get(globalThis, key);
  Reflect.deleteProperty(globalThis, key);
  expect(carryContext()).toBeUndefined();
  expect(inCarriedContext({ traceparent: 'any' }, () => 'done')).toBe('done');
  Reflect.set(globalThis, key, registered);
});
