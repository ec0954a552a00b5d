import { AggregatorRegistry, register } from 'prom-client';
import { beforeEach, describe, expect, it } from 'vitest';
import { TallyCounter } from '../../src/metrics/tally-counter.js';

beforeEach(() => register.clear());

describe('TallyCounter', () => {
  it('shows each series from the moment it is bound, as prom-client writes a counter', async () => {
    const counter = TallyCounter.on('fruit_total', 'Fruit by kind.');
    counter.bind({ kind: 'apple' });
    counter.bind({ kind: 'a "pear"' }).inc();
    expect(await register.metrics()).toBe(
      [
        '# HELP fruit_total Fruit by kind.',
        '# TYPE fruit_total counter',
        'fruit_total{kind="apple"} 0',
        'fruit_total{kind="a \\"pear\\""} 1',
        '',
      ].join('\n'),
    );
  });

  it('is one for all who ask for its name, and so is a series for its labels', async () => {
    TallyCounter.on('fruit_total', 'Fruit by kind.').bind({ kind: 'apple' }).inc();
    TallyCounter.on('fruit_total', 'Fruit by kind.').bind({ kind: 'apple' }).inc();
    expect(await register.metrics()).toContain('fruit_total{kind="apple"} 2');
  });

  it('begins anew when the registry is reset, and counts on', async () => {
    const apples = TallyCounter.on('fruit_total', 'Fruit by kind.').bind({ kind: 'apple' });
    apples.inc();
    register.resetMetrics();
    expect(await register.metrics()).toContain('fruit_total{kind="apple"} 0');
    apples.inc();
    expect(await register.metrics()).toContain('fruit_total{kind="apple"} 1');
  });

  it('is summed over the workers of a cluster', async () => {
    TallyCounter.on('fruit_total', 'Fruit by kind.').bind({ kind: 'apple' }).inc();
    const worker = await register.getMetricsAsJSON();
    const all = AggregatorRegistry.aggregate([worker, structuredClone(worker)]);
    expect(await all.metrics()).toContain('fruit_total{kind="apple"} 2');
  });
});
