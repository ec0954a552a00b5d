export { MessageCodec, type ReadOptions } from './codec.js';
export { compileSchema, type CompiledSchema } from './compile-schema.js';
export {
  ProtobufSchema,
  protobufSchema,
  type MessageTypes,
  type ProtobufSchemaOptions,
  type SchemaSource,
} from './schema-source.js';
