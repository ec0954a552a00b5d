export { MessageCodec, type ReadOptions } from './codec.js';
export { compileSchema, withModel, type CompiledSchema } from './compile-schema.js';
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
} from './message-types.js';
export type { EnumModel, FieldModel, ValueModel } from './model.js';
export type { FilledForm, FormReader, Part } from './form.js';
export { jsonSchemaOf, type JsonSchema, type JsonSchemaTarget } from './json-schema/index.js';
export { jsonSchema, type JsonSchemaOptions, type MessageSchema } from './message-schema.js';
export { inPlace } from './proto/place.js';
export { protobufSchema, type ProtobufSchema } from './protobuf-schema.js';
export type {
  EmbeddedFiles,
  MessageTypes,
  ProtobufSchemaOptions,
  SchemaSource,
} from './schema-source.js';
