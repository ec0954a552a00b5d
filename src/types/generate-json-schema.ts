import type { Type } from 'protobufjs';
import { jsonSchemaOf, type JsonSchema, type Wording } from '../schema/json-schema/index.js';
import { toTarget } from '../schema/json-schema/target.js';
import { ModelBuilder } from '../schema/model-builder.js';
import { isType, nameOf } from '../schema/reflection.js';
import type { DescribedFile } from './described-file.js';
import { jsonText } from './json-layout.js';
import { markOf } from './mark.js';

/** A request as a client may write it, an answer as it goes out. */
const DIRECTIONS = { request: 'input', response: 'output' } as const;

/**
 * The JSON Schema of the requests that a file describes, or of the answers. Where there is one, it is
 * that of the whole, as `jsonSchema()` gives it; of several it is any. A file that describes none has
 * the definitions of its messages.
 */
export function generateJsonSchema(described: DescribedFile, side: Wording['side']): string {
  const { file, names, declared, constants } = described;
  const types = [...new Set(constants.map((constant) => constant[side]))];
  const models = new ModelBuilder('json', names);
  const wording: Wording = { direction: DIRECTIONS[side], side };
  const schemaOf = (type: Type) => jsonSchemaOf(models.message(type), wording);

  const [only] = types;
  const { $schema, ...keywords } =
    only !== undefined && types.length === 1
      ? schemaOf(only)
      : together(types.length > 0 ? types : declared.filter(isType), types, schemaOf);
  const $comment = markOf(file.path);
  return `${jsonText({ $schema, $comment, ...keywords })}\n`;
}

/** @param wholes of the types, those of which the whole may be any */
function together(
  types: readonly Type[],
  wholes: readonly Type[],
  schemaOf: (type: Type) => JsonSchema,
): JsonSchema {
  const definitions = new Map<string, unknown>();
  for (const type of types) {
    // Most are held by one before them.
    if (definitions.has(nameOf(type))) continue;
    const { $schema: _, $defs, ...body } = schemaOf(type);
    for (const [name, definition] of Object.entries({ [nameOf(type)]: body, ...($defs as object) }))
      definitions.set(name, definition);
  }
  const anyOf = wholes.map((type) => ({ $ref: `#/$defs/${nameOf(type)}` }));
  const $defs = Object.fromEntries(definitions);
  return toTarget({ ...(anyOf.length > 0 && { anyOf }), $defs }, 'draft-2020-12', 'input');
}
