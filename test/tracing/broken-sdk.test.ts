import type { Span } from '@opentelemetry/sdk-trace-node';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp } from '../serving-app.js';
import { outgoing, RUNS, startEveryDoor, underway } from './every-call.js';
import { readLog } from './log-lines.js';
import { replaceParts, spanNamed, type Parts } from './spans.js';

@ModelEndpoint('/where')
class Where {
  predict(_: object, { log }: PredictContext) {
    log.log('a run');
    return outgoing();
  }
}

function fail(): never {
  throw new Error('enough of spans');
}

/** Of the library's own spans: those of instrumentations are not its to look after. */
const failFor = (name: string): void => {
  if (name.startsWith('predict')) fail();
};

const BROKEN: Record<string, Parts> = {
  'a sampler': { sampler: { shouldSample: (_, __, name) => (failFor(name), { decision: 2 }) } },
  'the start of a processor': { processor: { onStart: ({ name }) => failFor(name) } },
  'the end of a processor': { processor: { onEnd: ({ name }) => failFor(name) } },
  // As one that hides what is private does.
  'what a processor has put into spans': {
    processor: {
      onStart(span: Span) {
        if (!span.name.startsWith('predict')) return;
        Object.assign(span, { setAttribute: fail, addEvent: fail, addLink: fail, setStatus: fail });
      },
    },
  },
  'an exporter': { exporter: { export: fail } },
};

/** Before the others: it is said once a minute. */
it('a call without a span of its own is a part of its request, and the log says why, once', async () => {
  const { post, app } = await startApp('express', { controllers: [Where] });
  const log = readLog();
  replaceParts(BROKEN['a sampler']!);
  const { body } = await post('/where', {});
  await post('/where', {});
  await expect.poll(() => underway(app)).toBe(0);
  const { traceId, spanId } = spanNamed('POST /where').spanContext();
  expect(body).toMatchObject({ traceparent: `00-${traceId}-${spanId}-01` });
  expect(log.with('a run')).toMatchObject({ trace_id: traceId, span_id: spanId });
  expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([
    expect.objectContaining({
      context: 'ModelServingTracing',
      message: 'The OpenTelemetry SDK failed, calls are served without it: enough of spans',
    }),
  ]);
});

describe.each(ADAPTERS)('no call on %s fails', (adapter) => {
  it.each(Object.keys(BROKEN))('where %s does', async (part) => {
    const { callAll, sent } = await startEveryDoor(adapter);
    replaceParts(BROKEN[part]!);
    await callAll();
    expect(sent).toHaveLength(RUNS);
  });
});
