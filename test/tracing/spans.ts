import { createRequire } from 'node:module';
import { SpanKind, SpanStatusCode, trace, type Link } from '@opentelemetry/api';
import { GrpcInstrumentation } from '@opentelemetry/instrumentation-grpc';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-node';
import { beforeEach, expect } from 'vitest';

/** A real SDK, whose spans stay in memory, with the instrumentations that an app would have. */
const exporter = new InMemorySpanExporter();
new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
new HttpInstrumentation({ disableOutgoingRequestInstrumentation: true }).enable();
new GrpcInstrumentation({ ignoreGrpcMethods: [] }).enable();
// They patch a module when it is required.
const require = createRequire(import.meta.url);
require('node:http');
require('@grpc/grpc-js');

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

/** Waits until all traces look like this: a line a span, those below it indented; whatever order they come in. */
export async function expectTraces(...lines: string[]): Promise<void> {
  const trees: string[] = [];
  for (const line of lines) {
    if (line.startsWith(' ')) trees.push(`${trees.pop()}\n${line}`);
    else trees.push(line);
  }
  await expect.poll(() => forest()).toEqual(trees.toSorted());
}

/** Spans are told apart by the ids of their requests; links by their spans. */
function forest(): string[] {
  const all = spans().toSorted((one, other) => startOf(one) - startOf(other));
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

function startOf({ startTime: [seconds, nanos] }: ReadableSpan): number {
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
