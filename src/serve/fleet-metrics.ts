import { Registry } from 'prom-client';
import { textOf } from '../metrics/index.js';
import { sum } from './metrics-sum.js';
import type { MetricsSnapshot } from './messages.js';
import type { WorkerProcess } from './worker-process.js';

/** How long a worker has to send its metrics, in milliseconds. */
const SNAPSHOT_TIMEOUT = 1000;
/** What it changes by tells of restarts. */
const START = 'process_start_time_seconds';
/** One loop that stands still is not to be hidden by those that do not. */
const LAG_QUANTILE = /^nodejs_eventloop_lag_p\d+_seconds$/;

/** The metrics of all workers, those that have gone included, as one. */
export class FleetMetrics {
  /** Worker and collection → the worker's answer is there. */
  readonly #awaited = new Map<WorkerProcess, Map<number, () => void>>();
  /** What counters and histograms of workers that have gone add to every sum. */
  #retired: MetricsSnapshot = [];
  /** Of the registries of the workers, which all run one program. */
  contentType: string = Registry.PROMETHEUS_CONTENT_TYPE;
  #lastStart = 0;
  #nextId = 0;

  /** The program has started, or a worker in the place of one that has died. */
  started(): void {
    this.#lastStart = Date.now() / 1_000;
  }

  /**
   * Asks all workers, and sums. One that does not answer in time counts as it did when last seen.
   *
   * @param serves whether a worker is one of the fleet: one that is still starting, or has been replaced
   * and drains, adds to sums but must not show, say, as not ready.
   */
  async collect(
    workers: readonly WorkerProcess[],
    serves: (worker: WorkerProcess) => boolean,
  ): Promise<string> {
    const id = this.#nextId++;
    const answered = new Set<WorkerProcess>();
    await Promise.all(
      workers.map(async (worker) => {
        if (await this.#ask(worker, id)) answered.add(worker);
      }),
    );
    // A worker may have gone while others were being asked: its counts are among the retired then.
    const present = workers.filter((worker) => !worker.gone);
    const snapshots = present.map((worker) => {
      if (!answered.has(worker)) return accumulated(worker.snapshot);
      return serves(worker) ? worker.snapshot : summed(worker.snapshot);
    });
    const all = [...snapshots.map((one) => this.#asFleet(one)), this.#retired];
    return textOf(sum(all, this.contentType));
  }

  /** With what is the fleet's, where prom-client leaves it out or takes the average of processes. */
  #asFleet(snapshot: MetricsSnapshot): MetricsSnapshot {
    return snapshot.map((metric) => {
      if (LAG_QUANTILE.test(metric.name)) return { ...metric, aggregator: 'max' };
      if (metric.name !== START) return metric;
      const values = metric.values.map((one) => ({ ...one, value: this.#lastStart }));
      return { ...metric, aggregator: 'max', values };
    });
  }

  /** The answer of a worker to the collection `id` has come. */
  received(worker: WorkerProcess, id: number): void {
    this.#awaited.get(worker)?.get(id)?.();
  }

  /** Keeps what a worker has counted: a sum that falls would look like a restart to Prometheus. */
  retire(worker: WorkerProcess): void {
    const both = [this.#retired, accumulated(worker.snapshot)];
    this.#retired = sum(both, this.contentType).getMetricsAsArray() as never;
    for (const giveUp of this.#awaited.get(worker)?.values() ?? []) giveUp();
  }

  async #ask(worker: WorkerProcess, id: number): Promise<boolean> {
    if (worker.gone) return false;
    const asked = this.#awaited.get(worker) ?? new Map<number, () => void>();
    this.#awaited.set(worker, asked);
    const inTime = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), SNAPSHOT_TIMEOUT);
      asked.set(id, () => {
        clearTimeout(timer);
        resolve(true);
      });
      worker.send({ kind: 'snapshot-wanted', id });
    });
    asked.delete(id);
    if (asked.size === 0) this.#awaited.delete(worker);
    return inTime;
  }
}

/** The metrics that only grow. */
function accumulated(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ type }) => ['counter', 'histogram'].includes(String(type)));
}

/** The metrics of which every process has its share. */
function summed(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ aggregator }) => aggregator === 'sum');
}
