import { Gauge, register } from 'prom-client';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { Exposition, ServingMetrics } from '../../src/metrics/index.js';

const ENDPOINTS = 200;

beforeAll(() => {
  const metrics = new ServingMetrics(true, '1.0.0');
  for (let i = 0; i < ENDPOINTS; i++) {
    const endpoint = metrics.forEndpoint(`/endpoint/${i}`);
    endpoint.answered('POST', 200, i);
    endpoint.settled('ok');
  }
});

it("says what prom-client's own text says", async () => {
  expect(await new Exposition().text()).toBe(await register.metrics());
  register.setDefaultLabels({ region: 'eu "1"' });
  onTestFinished(() => register.setDefaultLabels({}));
  expect(await new Exposition().text()).toBe(await register.metrics());
});

it('is collected once for all who ask meanwhile, and anew afterwards', async () => {
  let collections = 0;
  new Gauge({
    name: 'collected',
    help: 'Counts its collections.',
    collect() {
      this.set(++collections);
    },
  });
  onTestFinished(() => register.removeSingleMetric('collected'));
  const exposition = new Exposition();
  const texts = await Promise.all(Array.from({ length: 100 }, () => exposition.text()));
  expect(new Set(texts).size).toBe(1);
  expect(collections).toBe(1);
  expect(await exposition.text()).toMatch(/^collected 2$/m);
});

it('leaves the event loop to requests while it is written', async () => {
  let turns = 0;
  let writing = true;
  (function countTurn() {
    turns++;
    if (writing) setImmediate(countTurn);
  })();
  const lines = (await new Exposition().text()).split('\n').length;
  writing = false;
  expect(lines / turns).toBeLessThan(200);
});
