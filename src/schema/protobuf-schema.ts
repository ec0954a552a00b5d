import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import { MessageSchema } from './message-schema.js';
import {
  SchemaDeclaration,
  type EmbeddedFiles,
  type ProtobufSchemaOptions,
} from './schema-source.js';

/**
 * A schema in a file, and the TypeScript types of its two messages. Nothing is loaded before the app
 * boots, or the schema is asked for something.
 *
 * It is a Standard Schema and a Standard JSON Schema of the request; `response` is those of the
 * answer.
 */
export class ProtobufSchema<Req = any, Res = any>
  extends SchemaDeclaration<Req, Res>
  implements StandardSchemaV1<Req>, StandardJSONSchemaV1<Req>
{
  /** The request's message. */
  readonly request = new MessageSchema<Req>(this, 'request');
  /** The answer's message. */
  readonly response = new MessageSchema<Res>(this, 'response');

  get '~standard'(): MessageSchema<Req>['~standard'] {
    return this.request['~standard'];
  }
}

/**
 * A schema from a `.proto` file, or from a `.json` descriptor made by `pbjs`. The constants that
 * `npx nestjs-model-serving types` generates hold the text of their files.
 *
 * @param file a path, relative to the working directory, or a `file:` URL, or the files themselves
 * @typeParam Req what `predict` takes
 * @typeParam Res what `predict` returns
 *
 * @example
 * ```ts
 * protobufSchema<ClassifyRequest, ClassifyResponse>(new URL('./classify.proto', import.meta.url), {
 *   request: 'ClassifyRequest',
 *   response: 'ClassifyResponse',
 * });
 * ```
 */
export function protobufSchema<Req = any, Res = any>(
  file: string | URL | EmbeddedFiles,
  options?: ProtobufSchemaOptions,
): ProtobufSchema<Req, Res> {
  return new ProtobufSchema<Req, Res>(file, options);
}
