import { trace } from '@opentelemetry/api';
import { ModelEndpoint, ServingError } from 'nestjs-model-serving';
import { Counter, register, Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sum } from '../../src/serve/metrics-sum.js';
import { PrometheusServer, prometheusMissing } from '../deploy/prometheus-server.js';
import { FixtureProcess } from '../serve/fixture-process.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { spanNamed, spans } from './spans.js';

vi.setConfig({ testTimeout: 60_000 });

const { OPENMETRICS_CONTENT_TYPE: OPEN_METRICS, PROMETHEUS_CONTENT_TYPE: PROMETHEUS } = Registry;
const FOREIGN = 'a'.repeat(32);
const BUCKET = 'model_serving_request_duration_seconds_bucket';

beforeEach(() => register.clear());
afterEach(() => register.setContentType(PROMETHEUS));

@ModelEndpoint('/where')
class Where {
  predict({ full }: { full?: boolean }) {
    if (full) throw new ServingError('QueueFull', 'No place');
    const { traceId } = trace.getActiveSpan()!.spanContext();
    return { traceId };
  }
}

/** The labels of the exemplars that a scrape shows. */
function exemplarsIn(text: string): Record<string, string>[] {
  return [...text.matchAll(/^(\w+)\{.*\} \d+ # \{(.*)\} \S+ \d+(?:\.\d+)?$/gm)].map(
    ([, name, labels]) => {
      expect(name).toBe(BUCKET);
      return Object.fromEntries(
        [...labels!.matchAll(/(\w+)="(.*?)"/g)].map(([, label, value]) => [label, value]),
      );
    },
  );
}

async function scrape(url: string) {
  const response = await fetch(new URL('/__metrics', url));
  return { text: await response.text(), type: response.headers.get('content-type') };
}

describe.each(ADAPTERS)('exemplars on %s', (adapter) => {
  it('are the spans of calls in a registry of OpenMetrics, which is written as one', async () => {
    register.setContentType(OPEN_METRICS as never);
    const { post, url } = await startApp(adapter, { controllers: [Where] });
    new Counter({ name: 'host_calls_total', help: 'Of the app itself' }).inc();
    await post('/where', {});
    await expect.poll(() => spans()).toHaveLength(2);
    const { traceId, spanId } = spanNamed('predict').spanContext();
    const { text, type } = await scrape(url);
    expect(type).toBe(OPEN_METRICS);
    expect(exemplarsIn(text)).toEqual([{ trace_id: traceId, span_id: spanId }]);
    expect(text).toMatch(/\n# EOF\n$/);
    expect(text).not.toContain('\n\n');
    expect(text).toContain('# TYPE model_serving_requests counter\n');
    expect(text).toContain('\nmodel_serving_requests_total{endpoint="/where",outcome="ok"} 1\n');
    expect(text).toContain('# TYPE host_calls counter\nhost_calls_total 1\n');
    expect(await register.metrics()).toContain('# TYPE model_serving_requests counter\n');

    // Of a call that is refused as well, whose span is made at its end.
    await post('/where', { full: true });
    await expect.poll(() => exemplarsInAll(url)).toHaveLength(2);
  });

  it('are none where nothing is sampled, and the trace goes on', async () => {
    register.setContentType(OPEN_METRICS as never);
    const { post, url } = await startApp(adapter, { controllers: [Where] });
    const { body } = await post(
      '/where',
      {},
      { traceparent: `00-${FOREIGN}-${'b'.repeat(16)}-00` },
    );
    expect(body).toEqual({ traceId: FOREIGN });
    expect(exemplarsIn((await scrape(url)).text)).toEqual([]);
    expect(spans().filter(({ name }) => name === 'predict')).toEqual([]);
  });

  it.each([
    `00-${'0'.repeat(32)}-${'b'.repeat(16)}-01`,
    `ff-${FOREIGN}-${'b'.repeat(16)}-01`,
    `00-${FOREIGN.slice(1)}-${'b'.repeat(16)}-01`,
    'nonsense',
    '',
  ])('and spans are of a trace of their own where traceparent is %j', async (traceparent) => {
    const { post } = await startApp(adapter, { controllers: [Where] });
    const { status, body } = await post('/where', {}, { traceparent });
    expect(status).toBe(200);
    expect(body.traceId).toMatch(/^(?!a{31})[\da-f]{32}$/);
    await expect.poll(() => spans()).toHaveLength(2);
    expect(spanNamed('predict').spanContext().traceId).toBe(body.traceId);
  });

  it('are none in a registry of Prometheus', async () => {
    const { post, url } = await startApp(adapter, { controllers: [Where] });
    await post('/where', {});
    await expect.poll(() => spans()).toHaveLength(2);
    const { text, type } = await scrape(url);
    expect(type).toBe(PROMETHEUS);
    expect(text).not.toMatch(/ # \{|# EOF/);
  });
});

async function exemplarsInAll(url: string) {
  return exemplarsIn((await scrape(url)).text);
}

it('of several processes: the last one of each bucket, whatever they call a counter', () => {
  const snapshot = (traceId: string, timestamp: number, counter: string) => [
    {
      name: 'seconds',
      help: 'h',
      type: 'histogram',
      aggregator: 'sum',
      values: [
        {
          metricName: 'seconds_bucket',
          labels: timestamp > 1 ? { le: 1, a: 'b' } : { a: 'b', le: 1 },
          value: 1,
          exemplar: { labelSet: { trace_id: traceId }, value: 0.5, timestamp },
        },
        { metricName: 'seconds_bucket', labels: { a: 'b', le: 2 }, value: 1, exemplar: null },
      ],
    },
    {
      name: counter,
      help: 'h',
      type: 'counter',
      aggregator: 'sum',
      values: [{ labels: {}, value: 1 }],
    },
  ];
  const both = [snapshot('new', 2, 'calls'), snapshot('old', 1, 'calls_total')];
  const families = sum(both as never, OPEN_METRICS).getMetricsAsArray() as any[];
  expect(families.map(({ name }) => name)).toEqual(['seconds', 'calls']);
  const [bucket, other] = families[0].values;
  expect(bucket).toMatchObject({ value: 2, exemplar: { labelSet: { trace_id: 'new' } } });
  expect(other.exemplar).toBeUndefined();
  expect(families[1].values).toEqual([{ labels: {}, value: 2 }]);
  // What is kept of processes that have gone is summed again.
  const kept = sum(
    [families as never, both[1] as never],
    OPEN_METRICS,
  ).getMetricsAsArray() as any[];
  expect(kept[0].values[0].exemplar.labelSet).toEqual({ trace_id: 'new' });
});

it.skipIf(prometheusMissing)(
  `are what Prometheus keeps of several workers ${prometheusMissing || ''}`,
  async () => {
    const server = new FixtureProcess('traced', { WORKERS: '2' });
    const port = await server.port();
    await server.printed(/all ready/);
    const url = `http://127.0.0.1:${port}`;
    const ids = new Set<string>();
    const pids = new Set<number>();
    while (pids.size < 2) {
      const response = await fetch(`${url}/where`, {
        method: 'POST',
        body: '{}',
        headers: { connection: 'close', 'content-type': 'application/json' },
      });
      const { pid, traceId } = (await response.json()) as { pid: number; traceId: string };
      pids.add(pid);
      ids.add(traceId);
    }
    const { text, type } = await scrape(url);
    expect(type).toBe(OPEN_METRICS);
    expect(text).toContain(
      `\nmodel_serving_requests_total{endpoint="/where",outcome="ok"} ${ids.size}\n`,
    );
    const shown = exemplarsIn(text).map(({ trace_id: id }) => id!);
    expect(shown.filter((id) => !ids.has(id))).toEqual([]);
    const prometheus = await PrometheusServer.start({
      job_name: 'model',
      metrics_path: '/__metrics',
      static_configs: [{ targets: [`127.0.0.1:${port}`] }],
    });
    const found = async () =>
      (await prometheus.exemplars(BUCKET)).map(({ trace_id: id }) => id!).toSorted();
    await expect.poll(found, { timeout: 30_000 }).toEqual(shown.toSorted());
  },
);
