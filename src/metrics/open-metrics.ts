import { Registry } from 'prom-client';

interface Typed {
  readonly contentType: string;
}

/** Whether metrics are written as OpenMetrics: with exemplars, and counters that are named otherwise. */
export function isOpenMetrics({ contentType }: Typed): boolean {
  return contentType === Registry.OPENMETRICS_CONTENT_TYPE;
}

/** What a metric is called as a whole: prom-client adds the ending of OpenMetrics' counters to each sample. */
export function familyName(metric: { name: string; type: unknown }, registry: Typed): string {
  const { name, type } = metric;
  return type === 'counter' && isOpenMetrics(registry) ? name.replace(/_total$/, '') : name;
}
