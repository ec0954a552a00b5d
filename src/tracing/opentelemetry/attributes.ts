import type { Attributes } from '@opentelemetry/api';
import type { TracedModel } from '../endpoint-tracing.js';

/** Of spans. OpenTelemetry has no names for what a model server does; what it has one for bears that. */
export const ATTRIBUTE = {
  endpoint: 'model_serving.endpoint',
  modelName: 'model_serving.model.name',
  modelVersion: 'model_serving.model.version',
  requestId: 'model_serving.request.id',
  jobId: 'model_serving.job.id',
  jobAttempt: 'model_serving.job.attempt',
  /** Seconds, as OpenTelemetry has all durations. */
  queueDuration: 'model_serving.queue.duration',
  cache: 'model_serving.cache',
  outcome: 'model_serving.outcome',
  batchSize: 'model_serving.batch.size',
  batchReason: 'model_serving.batch.reason',
  /** What a link leads to, as seen from its span. */
  linked: 'model_serving.link',
  errorType: 'error.type',
  route: 'http.route',
} as const;

/** What the spans of an endpoint have in common. */
export function modelAttributes({ route, name, version }: TracedModel): Attributes {
  return {
    [ATTRIBUTE.endpoint]: route,
    [ATTRIBUTE.modelName]: name,
    ...(version === undefined ? {} : { [ATTRIBUTE.modelVersion]: version }),
  };
}
