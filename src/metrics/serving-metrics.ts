import { collectDefaultMetrics, register } from 'prom-client';
import { BoundMetrics, NO_METRICS, type EndpointMetrics } from './endpoint-metrics.js';
import { SharedMetrics } from './shared-metrics.js';
import { GAUGE_SOURCES, type GaugeSource } from './gauge-sources.js';
import { createJobMetrics } from './job-metrics.js';
import { JOB_SOURCES, type JobSource } from './job-sources.js';
import { READY_APPS } from './ready-apps.js';
import { createMetricTable, type MetricTable } from './metric-table.js';

/** A metric that prom-client's default collectors always make: present where a host has them on. */
const A_DEFAULT_METRIC = 'process_cpu_user_seconds_total';

/** The metrics of one app, on prom-client's default registry, or nothing where they are turned off. */
export class ServingMetrics {
  readonly #table: MetricTable | undefined;
  readonly #sources = new Set<GaugeSource>();
  readonly #jobSources = new Set<JobSource>();
  readonly #observers = new Set<() => EndpointMetrics>();

  constructor(enabled: boolean, version: string) {
    if (!enabled) return;
    this.#table = createMetricTable();
    this.#table.info.set({ version, node: process.version }, 1);
  }

  /**
   * Collects prom-client's process metrics unless the host app does. Called when all modules stand,
   * since a host's own `PrometheusModule` throws where it comes second.
   */
  collectProcessMetrics(): void {
    if (this.enabled && register.getSingleMetric(A_DEFAULT_METRIC) === undefined) {
      collectDefaultMetrics();
    }
  }

  get enabled(): boolean {
    return this.#table !== undefined;
  }

  forEndpoint(route: string, streams = false): EndpointMetrics {
    const own =
      this.#table === undefined ? NO_METRICS : new BoundMetrics(this.#table, route, streams);
    const others = [...this.#observers].map((observe) => observe());
    return others.length === 0 ? own : new SharedMetrics([own, ...others]);
  }

  /** Has another listener told of what happens at every endpoint that is made from now on. */
  observe(listener: () => EndpointMetrics): void {
    this.#observers.add(listener);
  }

  /** Shows an endpoint's levels at every scrape until {@link close}. */
  watch(source: GaugeSource): void {
    if (this.#table === undefined) return;
    this.#sources.add(source);
    GAUGE_SOURCES.add(source);
  }

  /** Shows the levels of a queue of jobs at every scrape until {@link close}; gives what counts its ends. */
  watchJobs(source: JobSource): (state: string, ms: number) => void {
    if (!this.enabled) return () => undefined;
    const { jobDuration } = createJobMetrics();
    this.#jobSources.add(source);
    JOB_SOURCES.add(source);
    return (state, ms) => jobDuration.bind({ endpoint: source.route, state }).observe(ms / 1_000);
  }

  /** Shows whether the app is ready at every scrape until {@link close}. */
  showReady(ready: () => boolean): void {
    if (this.enabled) READY_APPS.set(this, ready);
  }

  close(): void {
    READY_APPS.remove(this);
    for (const source of this.#sources) GAUGE_SOURCES.remove(source);
    for (const source of this.#jobSources) JOB_SOURCES.remove(source);
  }
}
