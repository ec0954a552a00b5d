export { FailedCall } from './failed-call.js';
export { callEndpoint, type CallEndpointOptions } from './call-endpoint.js';
export { predictContext, type PredictContextOptions } from './predict-context.js';
