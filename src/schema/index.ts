export { MessageCodec, type ReadOptions } from './codec.js';
export { compileSchema, type CompiledSchema } from './compile-schema.js';
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
export type { FilledForm, FormReader, Part } from './form.js';
export {
  ProtobufSchema,
  protobufSchema,
  type EmbeddedFiles,
  type MessageTypes,
  type ProtobufSchemaOptions,
  type SchemaSource,
} from './schema-source.js';
