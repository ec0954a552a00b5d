import { AggregatorRegistry, type Registry } from 'prom-client';
import { familyName } from '../metrics/index.js';
import type { MetricsSnapshot } from './messages.js';

type Value = MetricsSnapshot[number]['values'][number];

/** A value as prom-client has it where it is written as OpenMetrics. */
interface Exemplified extends Value {
  readonly metricName?: string;
  exemplar?: { readonly timestamp: number } | undefined;
}

/**
 * The metrics of several processes as those of one. prom-client leaves exemplars out, of which the last one
 * stands for all, and takes a counter for two where some processes call it as OpenMetrics does.
 */
export function sum(snapshots: readonly MetricsSnapshot[], contentType: string): Registry {
  const named = snapshots.map((snapshot) =>
    snapshot.map((metric) => ({ ...metric, name: familyName(metric, { contentType }) })),
  );
  const exemplars = new Map<string, NonNullable<Exemplified['exemplar']>>();
  for (const { name, values } of named.flat()) {
    for (const value of values as Exemplified[]) {
      const { exemplar } = value;
      // A histogram of prom-client has null in its place.
      if (!exemplar) continue;
      const key = keyOf(name, value);
      const other = exemplars.get(key);
      if (other === undefined || other.timestamp < exemplar.timestamp) exemplars.set(key, exemplar);
    }
  }
  const registry = AggregatorRegistry.aggregate(named as never) as unknown as Registry;
  registry.setContentType(contentType as Registry['contentType']);
  if (exemplars.size === 0) return registry;
  for (const { name, values } of registry.getMetricsAsArray() as unknown as MetricsSnapshot) {
    for (const value of values as Exemplified[]) value.exemplar = exemplars.get(keyOf(name, value));
  }
  return registry;
}

function keyOf(name: string, { metricName, labels }: Exemplified): string {
  const sorted = Object.entries(labels).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([name, metricName, sorted]);
}
