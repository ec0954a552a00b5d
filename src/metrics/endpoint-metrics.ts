import type { Outcome } from '../errors/index.js';
import type { BatchReason, ExecutionObserver } from '../execution/index.js';
import type { TraceIds } from '../tracing/index.js';
import type { MetricTable } from './metric-table.js';
import type { Count, TallyCounter } from './tally-counter.js';
import type { Tally } from './tally-histogram.js';

export type CacheResult = 'hit' | 'miss' | 'coalesced' | 'bypass' | 'error';

type Direction = 'request' | 'response';

/** What happens at one endpoint, as events; a metric is made of each. */
export interface EndpointMetrics extends ExecutionObserver {
  settled(outcome: Outcome): void;
  /** @param place where in a trace it is to be found, if it is */
  answered(method: string, status: number, ms: number, place?: TraceIds): void;
  cacheLookup(result: CacheResult): void;
  invalid(direction: Direction): void;
  /** A stream gave its first item, so long after the request arrived. */
  firstItem(ms: number): void;
  /** A stream gave an item. */
  item(): void;
}

const OUTCOMES: readonly Outcome[] = ['ok', 'invalid', 'rejected', 'timeout', 'cancelled', 'error'];
const CACHE_RESULTS: readonly CacheResult[] = ['hit', 'miss', 'coalesced', 'bypass', 'error'];
const DIRECTIONS = ['request', 'response'] as const;
const BATCH_REASONS: readonly BatchReason[] = ['full', 'delay', 'idle'];

/** The metrics of one endpoint, their labels bound once, at boot. */
export class BoundMetrics implements EndpointMetrics {
  readonly #table: MetricTable;
  readonly #route: string;
  readonly #outcomes: Record<Outcome, Count>;
  readonly #cacheResults: Record<CacheResult, Count>;
  readonly #directions: Record<Direction, Count>;
  readonly #batchReasons: Record<BatchReason, Count>;
  readonly #queue: Tally;
  readonly #inference: Tally;
  readonly #batch: Tally;
  readonly #firstItem: Tally | undefined;
  readonly #items: Count | undefined;
  /** By method and status; a closed set, as both are the library's own or Nest's. */
  readonly #durations = new Map<string, Tally>();

  constructor(table: MetricTable, route: string, streams: boolean) {
    this.#table = table;
    this.#route = route;
    const bind = <Name extends string>(
      counter: TallyCounter,
      label: string,
      names: readonly Name[],
    ) =>
      Object.fromEntries(
        names.map((name) => [name, counter.bind({ endpoint: route, [label]: name })]),
      ) as Record<Name, Count>;
    this.#outcomes = bind(table.requests, 'outcome', OUTCOMES);
    this.#cacheResults = bind(table.cacheRequests, 'result', CACHE_RESULTS);
    this.#directions = bind(table.validationFailures, 'direction', DIRECTIONS);
    this.#batchReasons = bind(table.batches, 'reason', BATCH_REASONS);
    this.#queue = table.queueDuration.bind({ endpoint: route });
    this.#inference = table.inferenceDuration.bind({ endpoint: route });
    this.#batch = table.batchSize.bind({ endpoint: route });
    if (streams) {
      this.#firstItem = table.firstItemDuration.bind({ endpoint: route });
      this.#items = table.streamItems.bind({ endpoint: route });
    }
  }

  settled(outcome: Outcome): void {
    this.#outcomes[outcome].inc();
  }

  answered(method: string, status: number, ms: number, place?: TraceIds): void {
    const key = method + status;
    let duration = this.#durations.get(key);
    if (duration === undefined) {
      duration = this.#table.requestDuration.bind({
        endpoint: this.#route,
        method,
        status: String(status),
      });
      this.#durations.set(key, duration);
    }
    duration.observe(ms / 1000, place);
  }

  cacheLookup(result: CacheResult): void {
    this.#cacheResults[result].inc();
  }

  invalid(direction: Direction): void {
    this.#directions[direction].inc();
  }

  queued(ms: number): void {
    this.#queue.observe(ms / 1000);
  }

  inferred(ms: number): void {
    this.#inference.observe(ms / 1000);
  }

  firstItem(ms: number): void {
    this.#firstItem?.observe(ms / 1000);
  }

  item(): void {
    this.#items?.inc();
  }

  batched(size: number, reason: BatchReason): void {
    this.#batch.observe(size);
    this.#batchReasons[reason].inc();
  }
}

/** For `metrics: false`. */
export const NO_METRICS: EndpointMetrics = {
  settled() {},
  answered() {},
  cacheLookup() {},
  invalid() {},
  queued() {},
  inferred() {},
  batched() {},
  firstItem() {},
  item() {},
};
