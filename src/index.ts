export type {
  CacheModuleOptions,
  EndpointCacheOptions,
  EndpointCacheSettings,
} from './cache/index.js';
export type {
  BatchOptions,
  EndpointDefaults,
  ModelEndpointOptions,
  OpenInferenceTensors,
} from './endpoint/endpoint-options.js';
export {
  ModelEndpoint,
  type BatchPredict,
  type ModelEndpointDecorator,
  type Predict,
  type Streamed,
  type StreamPredict,
} from './routing/model-endpoint.js';
export {
  ConfigurationError,
  InvalidRequest,
  ServingError,
  type Violation,
} from './errors/index.js';
export { batchSignal, type CallLog, type PredictContext } from './execution/index.js';
export type { ProbePaths } from './http/probes.js';
export { ModelServingModule } from './model-serving.module.js';
export type { ModelServingOptions } from './module-options.js';
export {
  jsonSchema,
  protobufSchema,
  type EmbeddedFiles,
  type JsonSchema,
  type JsonSchemaOptions,
  type JsonSchemaTarget,
  type MessageSchema,
  type ProtobufSchema,
  type ProtobufSchemaOptions,
  type SchemaSource,
} from './schema/index.js';
export type {
  AnyMessage,
  BytesLike,
  Float,
  Int64Like,
  JsonLike,
  JsonValue,
  ListLike,
  MapLike,
  NumbersLike,
  OneOf,
} from './schema/index.js';
export { serve, type DocsOptions, type ServeOptions } from './serve/index.js';
