import { describe, expect, test } from 'vitest';
import { FixtureProcess } from '../serve/fixture-process.js';
import { isOfJobs, QUERIES } from './dashboard.js';
import { readDocument, type Document } from './documents.js';
import { prometheusMissing, PrometheusServer } from './prometheus-server.js';

/** How Prometheus' operator scrapes a pod: with its own labels, and what the PodMonitor makes of them. */
function scrapedAsPod(port: number): Document {
  const { spec } = readDocument('kubernetes/base/podmonitor.yaml');
  const [{ path, relabelings, port: name }] = spec.podMetricsEndpoints as [Document];
  return {
    job_name: 'model',
    metrics_path: path,
    static_configs: [
      {
        targets: [`127.0.0.1:${port}`],
        labels: { namespace: 'default', pod: 'model-1', container: 'model', endpoint: name },
      },
    ],
    relabel_configs: relabelings,
  };
}

/** One call of every kind that the library counts apart. */
async function load(url: string): Promise<void> {
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(url + path, { method: 'POST', body: JSON.stringify(body), headers });
    await answer.text();
    return answer.status;
  };
  const texts = ['broken', 'once', 'once', ...Array.from({ length: 8 }, (_, k) => `text ${k}`)];
  await Promise.all(texts.map((text) => post('/classify', { text })));
  expect(await post('/classify', { text: 'once' })).toBe(200);
  expect(await post('/classify', 'no object')).toBe(400);
  expect(await post('/checked', { wrong: true })).toBe(400);
  expect(await post('/checked', {})).toBe(500);
  expect(await post('/slow', {}, { 'x-request-timeout-ms': '1' })).toBe(504);
  const crowd = await Promise.all(Array.from({ length: 8 }, () => post('/slow', {})));
  expect(crowd).toContain(429);
  expect(await post('/story', { text: 'a few words' })).toBe(200);
}

/** What a threshold or the absence of a target leaves out. */
const measured = (query: string): string =>
  query
    .replace(/ (?:[<>]=?|==) [\d.]+(?: \* 1024 \^ 3)?(?= or |$)/, '')
    .replace(/ or absent.*$/, '');

/** An app under load, its Prometheus, and the queries of all panels and rules. */
async function underLoad(env: Record<string, string>, more?: (url: string) => Promise<void>) {
  const app = new FixtureProcess('../../deploy/fixtures/deployed', { PORT: '0', ...env });
  const port = Number(await app.port());
  const url = `http://127.0.0.1:${port}`;
  const prometheus = await PrometheusServer.start(scrapedAsPod(port));
  // A rate needs two samples: load before and after the first scrape.
  await load(url);
  await more?.(url);
  await expect
    .poll(() => prometheus.query('model_serving_requests_total{outcome="timeout"}'))
    .not.toEqual([]);
  await load(url);
  await more?.(url);
  const health = async () =>
    new Set((await prometheus.rules()).map((rule) => rule.health as string));
  await expect.poll(health).toEqual(new Set(['ok']));
  const rules = (await prometheus.rules()).map(({ query }) => query as string);
  return { prometheus, queries: [...QUERIES.map(({ query }) => query), ...rules] };
}

async function expectData(prometheus: PrometheusServer, queries: readonly string[]): Promise<void> {
  expect(queries).not.toEqual([]);
  for (const query of queries) {
    const told = async () => [query, (await prometheus.query(measured(query))).length] as const;
    await expect.poll(told).not.toEqual([query, 0]);
  }
}

describe.skipIf(prometheusMissing)(`Prometheus ${prometheusMissing || ''}`, () => {
  test('has data for every panel and every rule', { timeout: 60_000 }, async () => {
    // Of several processes some metrics are left out or made one: what is there then is there of one.
    const { prometheus, queries } = await underLoad({ WORKERS: '2' });
    const [trigger] = readDocument('kubernetes/base/scaledobject.yaml').spec.triggers as [Document];
    const scaling = trigger.metadata.query as string;
    await expectData(prometheus, [...queries.filter((query) => !isOfJobs(query)), scaling]);
    // The endpoint is the route, not the port's name.
    const routes = await prometheus.query('count by (endpoint) (model_serving_in_flight)');
    expect(routes.map(({ metric }) => metric.endpoint).toSorted()).toEqual([
      '/checked',
      '/classify',
      '/slow',
      '/story',
    ]);
  });

  test(
    'has data for those of jobs, and for what scales their workers',
    { timeout: 60_000 },
    async () => {
      const submit = async (url: string) => {
        for (const text of ['broken', 'whole']) {
          const answer = await fetch(`${url}/slow`, {
            method: 'POST',
            body: JSON.stringify({ text }),
            headers: { prefer: 'respond-async' },
          });
          expect(answer.status).toBe(202);
          const job = url + answer.headers.get('location')!;
          await fetch(job, { headers: { prefer: 'wait=10' } });
        }
      };
      const { prometheus, queries } = await underLoad({ JOBS: 'memory' }, submit);
      const { triggers } = readDocument('kubernetes/jobs/worker-scaledobject.yaml')
        .spec as Document;
      const scaling = (triggers as Document[]).map(({ metadata }) => metadata.query as string);
      await expectData(prometheus, [...queries.filter(isOfJobs), ...scaling]);
      // What has been accepted (202) is no error.
      const { query } = QUERIES.find(({ panel }) => panel === 'Errors by code')!;
      const codes = (await prometheus.query(query)).map(({ metric }) => metric.status);
      expect(codes).toContain('500');
      expect(codes.filter((code) => !/^[45]/.test(code!))).toEqual([]);
    },
  );
});
