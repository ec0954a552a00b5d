import type { ServingMetrics } from '../metrics/index.js';

/**
 * Whether the app takes requests. `starting` until every load and warm-up has succeeded; `draining`
 * from the first word that it should stop, while requests that still arrive are served; `closed`
 * when what is left has been cut.
 */
export type ReadinessState = 'starting' | 'ready' | 'draining' | 'closed';

export class Readiness {
  readonly #metrics: ServingMetrics;
  #state: ReadinessState = 'starting';

  constructor(metrics: ServingMetrics) {
    this.#metrics = metrics;
    metrics.ready(false);
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  /** Whether a request that arrives now is served. */
  get accepting(): boolean {
    return this.#state === 'ready' || this.#state === 'draining';
  }

  enter(state: Exclude<ReadinessState, 'starting'>): void {
    this.#state = state;
    this.#metrics.ready(state === 'ready');
  }
}
