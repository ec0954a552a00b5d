export type {
  CallEnd,
  CallTrace,
  EndpointTracing,
  TracedModel,
  TraceIds,
  Tracing,
} from './endpoint-tracing.js';
export { loadTracing } from './load-tracing.js';
