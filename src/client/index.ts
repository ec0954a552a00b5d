export { createClient, type Client } from './client.js';
export type {
  BinaryCallOptions,
  CallOptions,
  ClientOptions,
  JsonCallOptions,
  RequestHeaders,
} from './client-options.js';
export type {
  AnswerOf,
  EndpointTypes,
  InputOf,
  Json,
  PathOf,
  Received,
  Sent,
} from './endpoint-types.js';
export type { ParamsOf, ParamsOption, PathParams, Query, WithParams } from './endpoint-url.js';
export type { RetryOptions } from './retry.js';
export {
  ServingClientError,
  type ErrorCode,
  type ErrorDetail,
  type ServingClientErrorOptions,
} from './serving-client-error.js';
