import { expect, test } from 'vitest';
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

test.skipIf(prometheusMissing)(
  `every panel and every rule has data ${prometheusMissing || ''}`,
  { timeout: 60_000 },
  async () => {
    const app = new FixtureProcess('../../deploy/fixtures/deployed', { PORT: '0' });
    const url = `http://127.0.0.1:${await app.port()}`;
    const prometheus = await PrometheusServer.start(scrapedAsPod(Number(new URL(url).port)));

    // A rate needs two samples: load before and after the first scrape.
    await load(url);
    const seen = async (query: string) => (await prometheus.query(query)).length;
    await expect.poll(() => seen('model_serving_requests_total{outcome="timeout"}')).not.toBe(0);
    await load(url);

    const rules = await expectRules(prometheus);
    const queries = [...QUERIES.map(({ query }) => query), ...rules].filter(
      // Asked of an app with jobs, beside the jobs' own tests.
      (query) => !isOfJobs(query),
    );
    for (const query of queries) {
      const told = async () => [query, (await prometheus.query(measured(query))).length] as const;
      await expect.poll(told).not.toEqual([query, 0]);
    }
    // The endpoint is the route, not the port's name.
    const routes = await prometheus.query('count by (endpoint) (model_serving_in_flight)');
    expect(routes.map(({ metric }) => metric.endpoint).toSorted()).toEqual([
      '/checked',
      '/classify',
      '/slow',
      '/story',
    ]);
  },
);

test.todo('panels and rules of jobs have data: once there is nestjs-model-serving/jobs');

async function expectRules(prometheus: PrometheusServer): Promise<string[]> {
  const states = async () => (await prometheus.rules()).map(({ health }) => health as string);
  await expect.poll(async () => [...new Set(await states())]).toEqual(['ok']);
  return (await prometheus.rules()).map(({ query }) => query as string);
}
