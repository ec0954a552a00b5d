import { Histogram, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { Scrape } from '../../src/bench/scrape.js';

test('reads what Prometheus and OpenMetrics write', () => {
  const scrape = Scrape.of(
    [
      '# HELP a_total Some.',
      '# TYPE a_total counter',
      'a_total{endpoint="/a/{id}",code="4 \\"x\\"\\\\\\n} 9"} 3',
      'a_total{endpoint="/b",code="5"} 2 1700000000',
      'a_total{endpoint="/b",code="6"} 1e3 # {trace_id="f00"} 0.5 1700000000.1',
      'up 1',
      'odd{} NaN',
      'bound{le="+Inf"} +Inf',
      'no metric',
      '',
      '# EOF',
    ].join('\n'),
  );
  expect(scrape.sum('a_total')).toBe(1_005);
  expect(scrape.sum('a_total', { endpoint: '/a/{id}' })).toBe(3);
  expect(scrape.by('code', 'a_total')).toEqual({ '4 "x"\\\n} 9': 3, 5: 2, 6: 1_000 });
  expect(scrape.sum('up')).toBe(1);
  expect(scrape.sum('odd')).toBeNaN();
  expect(scrape.sum('bound')).toBe(Infinity);
  expect(scrape.sum('nope')).toBeUndefined();
  expect(scrape.sum('up', { endpoint: '/a' })).toBeUndefined();
});

test('counters are what was added, also after a restart; gauges are as they are', () => {
  const at = (a: number, b: number, gauge: number) =>
    Scrape.of(`x_total{p="a"} ${a}\nx_total{p="b"} ${b}\nlevel ${gauge}\n`);
  const since = at(15, 4, 2).since(at(10, 9, 7));
  expect(since.by('p', 'x_total')).toEqual({ a: 5, b: 4 });
  expect(since.sum('level')).toBe(2);
  expect(at(1, 1, 1).since(Scrape.of('')).sum('x_total')).toBe(2);
});

test('a histogram of prom-client has its mean, and the quantile that Prometheus would give', async () => {
  const registry = new Registry();
  const labelNames = ['endpoint'];
  const buckets = [0.01, 0.1, 1];
  const histogram = new Histogram({ name: 'd', help: 'd', buckets, labelNames, registers: [registry] });
  const observe = (seconds: number, times: number, endpoint: string) => {
    for (let left = times; left > 0; left--) histogram.observe({ endpoint }, seconds);
  };
  observe(0.005, 90, '/a');
  observe(0.05, 10, '/a');
  observe(5, 1, '/b');
  const scrape = Scrape.of(await registry.metrics());
  const { count, mean, p99 } = scrape.spread('d', { endpoint: '/a' }, 1_000)!;
  expect(count).toBe(100);
  expect(mean).toBeCloseTo(9.5, 9);
  // The 99th of a hundred is the ninth of ten in the bucket from 10 to 100 ms.
  expect(p99).toBeCloseTo(91, 9);
  // Above the last bound nothing is known.
  expect(scrape.spread('d', { endpoint: '/b' })!.p99).toBe(1);
  expect(scrape.spread('d', { endpoint: '/c' })).toBeUndefined();
  expect(scrape.since(scrape).spread('d', { endpoint: '/a' })).toBeUndefined();
}); // prettier-ignore
