import type { Endpoint } from '../endpoint/endpoint.js';
import { SharedMetrics, type CacheResult, type EndpointMetrics } from '../metrics/index.js';

/** How often something happened, and how many nanoseconds it took in all. */
class Duration {
  count = 0;
  ns = 0;

  add(ms: number): void {
    this.count++;
    this.ns += Math.round(ms * 1e6);
  }
}

/** What happened at one endpoint since it was made, by whichever door, as Triton's statistics have it. */
export class EndpointStatistics implements EndpointMetrics {
  readonly #success = new Duration();
  readonly #fail = new Duration();
  readonly #queue = new Duration();
  readonly #infer = new Duration();
  readonly #hit = new Duration();
  readonly #miss = new Duration();
  readonly #batches = new Map<number, Duration>();
  #last = 0;
  /** Of runs that have not failed, how many there were and of how many inputs. */
  #executions = 0;
  #inferences = 0;

  answered(_method: string, status: number, ms: number): void {
    if (status < 400) this.#success.add(ms);
    else this.#fail.add(ms);
  }

  queued(ms: number): void {
    this.#queue.add(ms);
  }

  inferred(ms: number, items: number, failed: boolean): void {
    this.#last = Date.now();
    if (!failed) {
      this.#executions++;
      this.#inferences += items;
    }
    this.#infer.add(ms);
    let batch = this.#batches.get(items);
    if (batch === undefined) this.#batches.set(items, (batch = new Duration()));
    batch.add(ms);
  }

  cacheLookup(result: CacheResult): void {
    if (result === 'hit' || result === 'coalesced') this.#hit.add(0);
    else if (result !== 'bypass') this.#miss.add(0);
  }

  settled(): void {}
  invalid(): void {}
  batched(): void {}
  firstItem(): void {}
  item(): void {}

  toJSON() {
    const none = new Duration();
    return {
      last_inference: this.#last,
      inference_count: this.#inferences,
      execution_count: this.#executions,
      inference_stats: {
        success: { ...this.#success },
        fail: { ...this.#fail },
        queue: { ...this.#queue },
        compute_input: { ...none },
        compute_infer: { ...this.#infer },
        compute_output: { ...none },
        cache_hit: { ...this.#hit },
        cache_miss: { ...this.#miss },
      },
      batch_stats: [...this.#batches]
        .sort(([one], [other]) => one - other)
        .map(([size, duration]) => ({
          batch_size: size,
          compute_input: { ...none },
          compute_infer: { ...duration },
          compute_output: { ...none },
        })),
    };
  }
}

/** Those of an endpoint, which are its own also where others answer its route, by versions or hosts. */
export function statisticsOf({ metrics }: Endpoint): object {
  const listeners = metrics instanceof SharedMetrics ? metrics.listeners : [];
  const own = listeners.find((listener) => listener instanceof EndpointStatistics);
  return (own ?? new EndpointStatistics()).toJSON();
}
