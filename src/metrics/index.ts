export type { CacheResult, EndpointMetrics } from './endpoint-metrics.js';
export { NO_METRICS } from './endpoint-metrics.js';
export { Exposition, textOf } from './exposition.js';
export { familyName } from './open-metrics.js';
export { SharedWork } from './shared-work.js';
export type { JobLevels } from './job-sources.js';
export { ServingMetrics } from './serving-metrics.js';
export { SharedMetrics } from './shared-metrics.js';
