import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { MessageCodec } from './codec.js';
import { ConfigurationError } from '../errors/index.js';
import { compileSchema, withModel } from './compile-schema.js';
import {
  jsonSchemaOf,
  TARGETS,
  type JsonSchema,
  type JsonSchemaTarget,
} from './json-schema/index.js';
import type { SchemaDeclaration } from './schema-source.js';

/** Options of {@link jsonSchema}. */
export interface JsonSchemaOptions {
  /**
   * `'input'` describes all that is accepted: a request as a client may write it, in every spelling
   * of a field, with numbers in strings and null for what is absent. `'output'` describes the one
   * canonical form of it, in JSON: bytes are base64.
   *
   * @default 'input'
   */
  readonly direction?: 'input' | 'output';
  /**
   * The version of JSON Schema. `'openapi-3.0'` is what OpenAPI 3.0 has in its place: it says
   * nothing of the keys of maps.
   *
   * @default 'draft-2020-12'
   */
  readonly target?: JsonSchemaTarget;
}

/**
 * One message of a schema: a Standard Schema and a Standard JSON Schema. Nothing is loaded before it
 * is asked for something.
 *
 * @see https://standardschema.dev
 */
export class MessageSchema<T = any> implements StandardSchemaV1<T>, StandardJSONSchemaV1<T> {
  /**
   * `validate` checks a value as an endpoint does and gives its canonical form, or up to 10 issues;
   * an answer may hold whatever a handler may return. It throws a `ConfigurationError` where the
   * schema itself cannot be used.
   */
  readonly '~standard': StandardSchemaV1.Props<T> & StandardJSONSchemaV1.Props<T>;
  readonly #declaration: SchemaDeclaration;
  readonly #side: 'request' | 'response';
  #codec: MessageCodec | undefined;

  constructor(declaration: SchemaDeclaration, side: 'request' | 'response') {
    this.#declaration = declaration;
    this.#side = side;
    this['~standard'] = {
      version: 1,
      vendor: 'nestjs-model-serving',
      validate: (value) => this.#validate(value),
      jsonSchema: {
        input: ({ target }) => this.#toJsonSchema('input', target),
        output: ({ target }) => this.#toJsonSchema('output', target),
      },
    };
  }

  #toJsonSchema(direction: 'input' | 'output', target: string): JsonSchema {
    const known = TARGETS.find((name) => name === target);
    if (known === undefined) {
      const expected = `one of ${TARGETS.join(', ')}`;
      throw ConfigurationError.expected('JSON Schema', 'target', expected, target);
    }
    return withModel(this.#declaration, this.#owner, (model) =>
      // A declaration has both messages.
      jsonSchemaOf(model[this.#side]!, { direction, side: this.#side }, known),
    );
  }

  #validate(value: unknown): StandardSchemaV1.Result<T> {
    this.#codec ??= compileSchema(this.#declaration, this.#owner)[this.#side]!;
    return this.#codec.check(value, this.#side === 'response') as StandardSchemaV1.Result<T>;
  }

  get #owner(): string {
    const { file } = this.#declaration;
    const named = typeof file === 'object' && 'files' in file ? file.file : String(file);
    return `protobufSchema(${JSON.stringify(named)})`;
  }
}

/**
 * The JSON Schema of a message, faithful to ProtoJSON as far as JSON Schema can say it.
 *
 * @param schema what `protobufSchema()` returned, which stands for its request, or one of its sides:
 *   `schema.request`, `schema.response`
 * @throws {ConfigurationError} in one sentence where the schema cannot be used, or an option is wrong
 *
 * @example
 * ```ts
 * jsonSchema(classifySchema); // a request as a client may write it
 * jsonSchema(classifySchema.response, { direction: 'output' }); // an answer as it goes out
 * ```
 */
export function jsonSchema(
  schema: Pick<MessageSchema, '~standard'>,
  options: JsonSchemaOptions = {},
): JsonSchema {
  ConfigurationError.refuseUnknown('jsonSchema', options, ['direction', 'target']);
  const { direction = 'input', target = 'draft-2020-12' } = options;
  if (direction !== 'input' && direction !== 'output') {
    throw ConfigurationError.expected('jsonSchema', 'direction', "'input' or 'output'", direction);
  }
  const standard = (schema as Partial<MessageSchema> | undefined)?.['~standard'];
  // A Standard Schema of another library need not be a Standard JSON Schema.
  if (standard?.jsonSchema === undefined) {
    throw ConfigurationError.expected(
      'jsonSchema',
      'the schema',
      'what protobufSchema() returns',
      schema,
    );
  }
  return standard.jsonSchema[direction]({ target });
}
