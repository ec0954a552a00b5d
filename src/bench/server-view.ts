import type { Scrape, Spread } from './scrape.js';

/** What the server's own metrics say of one step. Times are milliseconds. */
export interface ServerView {
  /** The route that the step asked. */
  readonly endpoint: string;
  /** How its requests ended: `ok`, `rejected`, `timeout` and so on. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** From the arrival of a request to the end of its answer. */
  readonly request?: Spread;
  /** How long requests waited for their run. */
  readonly queue?: Spread;
  /** One run of `predict`. */
  readonly run?: Spread;
  /** How many runs there were at once, on average. */
  readonly runsAtOnce: number;
  /** Of a batched endpoint: the mean size, and why batches were started. */
  readonly batch?: { readonly size: number; readonly reasons: Readonly<Record<string, number>> };
  /** How the cache served them: `hit`, `miss`, `coalesced` and so on; none where it is off. */
  readonly cache: Readonly<Record<string, number>>;
  /** How long the event loop kept timers waiting, on average. */
  readonly loopLag?: number;
  /** Processor time of the server's processes by time on the clock: 1 is one core. */
  readonly cores?: number;
}

/** The interval of Node's own measurement of lag, milliseconds, which it counts as lag, too. */
const LAG_INTERVAL = 10;

/**
 * @param delta what was added during the step
 * @param seconds between the two scrapes
 * @param path of the requests
 * @returns undefined where no endpoint of a model was asked
 */
export function serverViewOf(delta: Scrape, seconds: number, path: string): ServerView | undefined {
  const asked = delta.by('endpoint', 'model_serving_requests_total');
  // A route's template need not be the path, and other endpoints may be asked by others meanwhile.
  const [endpoint] =
    Object.entries(asked).sort(
      ([a, many], [b, more]) => Number(b === path) - Number(a === path) || more - many,
    )[0] ?? [];
  if (endpoint === undefined) return undefined;
  const labels = { endpoint };
  const spread = (name: string) =>
    delta.spread(`model_serving_${name}_duration_seconds`, labels, 1e3);
  const size = delta.spread('model_serving_batch_size', labels)?.mean;
  const lag = delta.sum('nodejs_eventloop_lag_mean_seconds');
  const cpu = delta.sum('process_cpu_seconds_total');
  const busy = delta.sum('model_serving_inference_duration_seconds_sum', labels) ?? 0;
  return {
    endpoint,
    outcomes: delta.by('outcome', 'model_serving_requests_total', labels),
    request: spread('request'),
    queue: spread('queue'),
    run: spread('inference'),
    runsAtOnce: busy / seconds,
    batch:
      size === undefined
        ? undefined
        : { size, reasons: delta.by('reason', 'model_serving_batches_total', labels) },
    cache: delta.by('result', 'model_serving_cache_requests_total', labels),
    loopLag: lag === undefined ? undefined : Math.max(0, lag * 1_000 - LAG_INTERVAL),
    cores: cpu === undefined ? undefined : cpu / seconds,
  };
}
