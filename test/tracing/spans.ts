import { createRequire } from 'node:module';
import {
  SpanKind,
  SpanStatusCode,
  trace,
  type Link,
  type TextMapPropagator,
} from '@opentelemetry/api';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  ParentBasedSampler,
  SimpleSpanProcessor,
  type ReadableSpan,
  type Sampler,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { beforeEach, expect, onTestFinished } from 'vitest';

/** Parts of the SDK that a test has in the place of those that an app would have, or beside its processor. */
export interface Parts {
  readonly sampler?: Pick<Sampler, 'shouldSample'>;
  readonly processor?: Partial<SpanProcessor>;
  readonly exporter?: Pick<SpanExporter, 'export'>;
  readonly propagator?: TextMapPropagator;
}

let parts: Parts = {};

/** Until the end of the test. */
export function replaceParts(others: Parts): void {
  const registered: any = Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1'));
  const { propagation } = registered;
  parts = others;
  registered.propagation = others.propagator ?? propagation;
  onTestFinished(() => {
    parts = {};
    registered.propagation = propagation;
  });
}

const exporter = new InMemorySpanExporter();
const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });

/** A propagator that cannot do what it is for. */
export const failing: TextMapPropagator = {
  inject() {
    throw new Error('no place for it');
  },
  extract(here, carrier: object) {
    // Instrumentations ask it as well, for what came with a request.
    if ('host' in carrier) return here;
    throw new Error('no place in it');
  },
  fields: () => [],
};

/** Headers of a request that the app has nothing traced of. */
export const UNTRACED = { 'x-untraced': 'true' };

/** A real SDK, whose spans stay in memory, with the instrumentations that an app would have. */
new NodeTracerProvider({
  sampler: {
    shouldSample: (...args) => (parts.sampler ?? sampler).shouldSample(...args),
  },
  spanProcessors: [
    {
      onStart: (...args) => parts.processor?.onStart?.(...args),
      onEnd: (span) => parts.processor?.onEnd?.(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
    new SimpleSpanProcessor({
      export: (...args) => (parts.exporter ?? exporter).export(...args),
      shutdown: () => exporter.shutdown(),
    }),
  ],
}).register();
new HttpInstrumentation({
  disableOutgoingRequestInstrumentation: true,
  ignoreIncomingRequestHook: ({ headers }) => 'x-untraced' in headers,
}).enable();
new GrpcInstrumentation({ ignoreGrpcMethods: [] }).enable();
// It patches a module when it is required: that of gRPC is by the library.
createRequire(import.meta.url)('node:http');

beforeEach(() => exporter.reset());

/** A span of the app's own, as an instrumentation of a client makes one around an outgoing call. */
export function inSpan<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  return trace.getTracer('test').startActiveSpan(name, async (span) => {
    try {
      return await work();
    } finally {
      span.end();
    }
  });
}

export function spans(): ReadableSpan[] {
  return exporter.getFinishedSpans();
}

export function spanNamed(name: string): ReadableSpan {
  return spans().find((span) => span.name === name)!;
}

/** What attributes are called in a tree, of those that are shown there. */
const SHOWN: Record<string, string> = {
  'http.route': 'route',
  'model_serving.cache': 'cache',
  'model_serving.batch.size': 'size',
  'model_serving.batch.reason': 'reason',
  'model_serving.outcome': 'outcome',
  'error.type': 'error',
};

const ID = 'model_serving.request.id';

/** Nanoseconds that the clocks of a span may differ by: one is read in milliseconds since 1970. */
const CLOCKS_APART = 1_000;

/** Waits until all traces look like this: a line a span, those below it indented; whatever order they come in. */
export async function expectTraces(...lines: string[]): Promise<void> {
  const trees: string[] = [];
  for (const line of lines) {
    if (line.startsWith(' ')) trees.push(`${trees.pop()}\n${line}`);
    else trees.push(line);
  }
  await expect.poll(() => forest()).toEqual(trees.toSorted());
  expect(strayEvents()).toEqual([]);
}

/** Events that are not within the time of their span. */
function strayEvents(): string[] {
  return spans().flatMap(({ name, events, startTime, endTime }) => {
    const isStray = (time: number) =>
      time < nanosOf(startTime) - CLOCKS_APART || time > nanosOf(endTime) + CLOCKS_APART;
    return events
      .filter(({ time }) => isStray(nanosOf(time)))
      .map((event) => `${event.name} of ${name}`);
  });
}

/** Spans are told apart by the ids of their requests; links by their spans. */
function forest(): string[] {
  const all = spans().toSorted((one, other) => nanosOf(one.startTime) - nanosOf(other.startTime));
  const byId = new Map(all.map((span) => [span.spanContext().spanId, span]));
  const childrenOf = (parent: ReadableSpan) =>
    all.filter(({ parentSpanContext: place }) => place?.spanId === parent.spanContext().spanId);
  const treeOf = (span: ReadableSpan, indent = ''): string =>
    [
      indent + lineOf(span, byId),
      ...childrenOf(span).map((child) => treeOf(child, `${indent}  `)),
    ].join('\n');
  return all
    .filter(({ parentSpanContext: place }) => !byId.has(place?.spanId ?? ''))
    .map((span) => treeOf(span))
    .toSorted();
}

function nanosOf([seconds, nanos]: ReadableSpan['startTime']): number {
  return seconds * 1e9 + nanos;
}

function lineOf(span: ReadableSpan, byId: ReadonlyMap<string, ReadableSpan>): string {
  const shown = Object.entries(SHOWN).flatMap(([attribute, name]) =>
    span.attributes[attribute] === undefined ? [] : `${name}=${String(span.attributes[attribute])}`,
  );
  const events = span.events.map(({ name }) => name);
  const linked = span.links.map(({ context, attributes }: Link) => {
    const other = byId.get(context.spanId);
    return `${String(attributes?.['model_serving.link'])}:${other === undefined ? '?' : nameOf(other)}`;
  });
  return [
    ...(span.kind === SpanKind.SERVER ? ['SERVER'] : []),
    nameOf(span),
    ...shown,
    ...(events.length > 0 ? [`(${events.join(', ')})`] : []),
    ...(linked.length > 0 ? [`-> ${linked.toSorted().join(', ')}`] : []),
    ...(span.status.code === SpanStatusCode.ERROR ? ['ERROR'] : []),
  ].join(' ');
}

function nameOf({ name, attributes }: ReadableSpan): string {
  return attributes[ID] === undefined ? name : `${name} ${String(attributes[ID])}`;
}
