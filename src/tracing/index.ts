export type {
  CallEnd,
  CallTrace,
  EndpointTracing,
  TracedCall,
  TracedJob,
  TracedModel,
  TraceIds,
  Tracing,
} from './endpoint-tracing.js';
export { loadTracing } from './load-tracing.js';
export { carryContext, inCarriedContext, type Carrier } from './registered-sdk.js';
