import { Logger } from '@nestjs/common';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { ServingMetrics } from '../metrics/index.js';
import type { ClusterLink } from '../serve/cluster-link.js';

/**
 * Whether the app takes requests. `starting` until every load and warm-up has succeeded; `draining`
 * from the first word that it should stop, while requests that still arrive are served; `closed`
 * when what is left has been cut.
 */
export type ReadinessState = 'starting' | 'ready' | 'draining' | 'closed';

/** Whether requests should be sent here: what `/__ready` and the metric of that name say. */
export class Readiness {
  readonly #cluster: ClusterLink | undefined;
  readonly #logger = new Logger(Readiness.name);
  #endpoints: readonly Endpoint[] = [];
  /** Those that were stalled when last looked at. */
  #stalled: ReadonlySet<Endpoint> = new Set();
  #state: ReadinessState = 'starting';
  readonly #readyHooks: (() => void)[] = [];

  /** @param cluster the other worker processes, if there are any. */
  constructor(metrics: ServingMetrics, cluster: ClusterLink | undefined) {
    this.#cluster = cluster;
    metrics.showReady(() => this.ready);
    cluster?.followReadiness(() => this.#ownReady);
  }

  /** The word of all workers where there are several: a client cannot choose which one it reaches. */
  get ready(): boolean {
    return this.#cluster === undefined ? this.#ownReady : this.#cluster.fleet.ready;
  }

  /** Whether a request that arrives now is served. */
  get accepting(): boolean {
    return this.#state === 'ready' || this.#state === 'draining';
  }

  /** Whether this endpoint of this process should be sent requests. */
  readyFor(endpoint: Endpoint): boolean {
    return this.#state === 'ready' && !endpoint.stalled;
  }

  /** The endpoints whose stalling makes the app not ready. */
  watch(endpoints: readonly Endpoint[]): void {
    this.#endpoints = endpoints;
  }

  /** Calls `hook` when every load and warm-up has succeeded. */
  onReady(hook: () => void): void {
    this.#readyHooks.push(hook);
  }

  enter(state: Exclude<ReadinessState, 'starting'>): void {
    this.#state = state;
    if (state === 'ready') for (const hook of this.#readyHooks.splice(0)) hook();
    this.#cluster?.reportReady(this.#ownReady);
  }

  get #ownReady(): boolean {
    return this.#state === 'ready' && !this.#anyStalled();
  }

  #anyStalled(): boolean {
    const stalled = new Set(this.#endpoints.filter((endpoint) => endpoint.stalled));
    for (const endpoint of stalled) {
      if (!this.#stalled.has(endpoint)) {
        this.#logger.error(
          `${endpoint.route} is stalled: each of its slots has been held by work for more than ${endpoint.options.stallTimeout} ms beyond its deadline`,
        );
      }
    }
    for (const endpoint of this.#stalled) {
      if (!stalled.has(endpoint)) this.#logger.warn(`${endpoint.route} is no longer stalled`);
    }
    this.#stalled = stalled;
    return stalled.size > 0;
  }
}
