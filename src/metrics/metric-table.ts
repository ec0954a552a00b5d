import { makeGaugeProvider } from '@willsoto/nestjs-prometheus';
import type { FactoryProvider, Provider } from '@nestjs/common';
import type { Gauge } from 'prom-client';
import { GAUGE_SOURCES } from './gauge-sources.js';
import { TallyCounter } from './tally-counter.js';
import { TallyHistogram } from './tally-histogram.js';
import { READY_APPS } from './ready-apps.js';

/** Seconds: from a cache hit on a fast machine to the default deadline. */
const SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];
const BATCH_SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/**
 * Every metric the library exports, made on prom-client's default registry, or taken from it where
 * another app of this process has made it already.
 */
export function createMetricTable() {
  return {
    requestDuration: TallyHistogram.on({
      name: 'model_serving_request_duration_seconds',
      help: 'Time from the arrival of a request to the end of its answer, by endpoint, method and status.',
      buckets: SECONDS,
    }),
    requests: TallyCounter.on(
      'model_serving_requests_total',
      'Requests to a model endpoint by how they ended: ok, invalid, rejected, timeout, cancelled or error.',
    ),
    inferenceDuration: TallyHistogram.on({
      name: 'model_serving_inference_duration_seconds',
      help: 'Time one run of predict takes, of a single input or of a batch.',
      buckets: SECONDS,
    }),
    queueDuration: TallyHistogram.on({
      name: 'model_serving_queue_duration_seconds',
      help: 'Time a request waits for its run of predict to start.',
      buckets: SECONDS,
    }),
    batchSize: TallyHistogram.on({
      name: 'model_serving_batch_size',
      help: 'Items in one batch, as sizeOf counts them: requests where there is none.',
      buckets: BATCH_SIZES,
    }),
    batches: TallyCounter.on(
      'model_serving_batches_total',
      'Batches by why they were started: full, delay (the oldest item had waited maxDelay) or idle (a slot was free).',
    ),
    firstItemDuration: TallyHistogram.on({
      name: 'model_serving_first_item_duration_seconds',
      help: 'Time from the arrival of a request to the first item of its stream.',
      buckets: SECONDS,
    }),
    streamItems: TallyCounter.on(
      'model_serving_stream_items_total',
      'Items of streams that predict has given.',
    ),
    inFlight: made<Gauge>(
      makeGaugeProvider({
        name: 'model_serving_in_flight',
        help: 'Requests that have arrived and are not answered yet, waiting ones included.',
        labelNames: ['endpoint'],
        collect() {
          GAUGE_SOURCES.write(this, (source) => source.inFlight);
        },
      }),
    ),
    queueDepth: made<Gauge>(
      makeGaugeProvider({
        name: 'model_serving_queue_depth',
        help: 'Requests that wait for a run of predict.',
        labelNames: ['endpoint'],
        collect() {
          GAUGE_SOURCES.write(this, (source) => source.queueDepth);
        },
      }),
    ),
    cacheRequests: TallyCounter.on(
      'model_serving_cache_requests_total',
      'Look-ups in the cache by result: hit, miss, coalesced, bypass, or error of the store.',
    ),
    validationFailures: TallyCounter.on(
      'model_serving_validation_failures_total',
      'Messages that break their schema, by direction: request or response.',
    ),
    ready: made<Gauge>(
      makeGaugeProvider({
        name: 'model_serving_ready',
        help: 'Whether /__ready says so: 1 after every load and warm-up, 0 before, while draining, and while an endpoint is stalled; with workers, while fewer than half of them are ready.',
        aggregator: 'min',
        collect() {
          this.set(READY_APPS.all ? 1 : 0);
        },
      }),
    ),
    info: made<Gauge>(
      makeGaugeProvider({
        name: 'model_serving_info',
        help: 'The versions of the library and of Node; always 1.',
        labelNames: ['version', 'node'],
        aggregator: 'first',
      }),
    ),
  };
}

export type MetricTable = ReturnType<typeof createMetricTable>;

/** The metric of a provider, made now, or taken from the registry. */
export function made<M>(provider: Provider): M {
  return (provider as FactoryProvider).useFactory() as M;
}
