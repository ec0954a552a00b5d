import type { JsonSchema } from './json-schema.js';

/** A version of JSON Schema, by the names that Standard JSON Schema gives them. */
export type JsonSchemaTarget = 'draft-2020-12' | 'draft-07' | 'openapi-3.0';

export const TARGETS: readonly JsonSchemaTarget[] = ['draft-2020-12', 'draft-07', 'openapi-3.0'];

/** Brings a schema in 2020-12 down to a version, as far as that can say the same. */
export function toTarget(
  schema: JsonSchema,
  target: JsonSchemaTarget,
  direction: 'input' | 'output',
): JsonSchema {
  switch (target) {
    case 'draft-2020-12':
      return {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        // A copy: tools change what they get in place, and parts of it stand in several.
        ...rewritten(schema, (one) => one),
      };
    case 'draft-07':
      return {
        $schema: 'http://json-schema.org/draft-07/schema#',
        ...rewritten(schema, (one) => toDraft07(one)),
      };
    case 'openapi-3.0':
      return rewritten(schema, (one) => toOpenApi30(one, direction));
  }
}

/** Keywords that hold schemas by name, a list of schemas, and one schema. */
const BY_NAME = ['properties', 'patternProperties', '$defs'];
const LISTS = ['anyOf', 'oneOf', 'allOf'];
const SINGLE = ['items', 'additionalProperties', 'not', 'propertyNames'];

/** Rewrites each schema in a schema, the innermost first. */
function rewritten(schema: JsonSchema, rewrite: (schema: JsonSchema) => JsonSchema): JsonSchema {
  const inside = (inner: unknown): unknown =>
    typeof inner === 'object' ? rewritten(inner as JsonSchema, rewrite) : inner;
  return rewrite(
    Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => {
        if (SINGLE.includes(keyword)) return [keyword, inside(value)];
        if (LISTS.includes(keyword)) return [keyword, (value as unknown[]).map(inside)];
        if (Array.isArray(value)) return [keyword, [...(value as unknown[])]];
        if (!BY_NAME.includes(keyword)) return [keyword, value];
        const entries = Object.entries(value as object);
        return [keyword, Object.fromEntries(entries.map(([name, one]) => [name, inside(one)]))];
      }),
    ),
  );
}

function toDraft07({ $ref, $defs, ...schema }: JsonSchema, suffix = ''): JsonSchema {
  if (typeof $ref === 'string') {
    const reference = { $ref: $ref.replace('#/$defs/', '#/definitions/') + suffix };
    // What stands beside a reference counts for nothing there.
    return Object.keys(schema).length > 0 ? { ...schema, allOf: [reference] } : reference;
  }
  if ($defs === undefined) return schema;
  const definitions = Object.entries($defs as JsonSchema).map(([name, one]) => [
    name + suffix,
    one as unknown,
  ]);
  return { ...schema, definitions: Object.fromEntries(definitions) };
}

/**
 * A document has all definitions in one place, those of requests and of answers: the two forms of a
 * message have two names. Of the keys of maps nothing is said.
 */
function toOpenApi30(schema: JsonSchema, direction: 'input' | 'output'): JsonSchema {
  const { patternProperties, ...rest } = toDraft07(schema, direction === 'input' ? '-input' : '');
  const { type, properties, additionalProperties, contentEncoding } = rest;
  const isMap = typeof additionalProperties === 'object';
  const known = omit(rest, ['propertyNames', 'contentEncoding', ...(isMap ? ['allOf'] : [])]);
  if (properties !== undefined || patternProperties !== undefined) {
    known['properties'] = { ...(properties as object), ...membersOf(patternProperties) };
  }
  if (contentEncoding !== undefined && direction === 'output') known['format'] = 'byte';
  if (type === 'null') return { ...omit(known, ['type']), enum: [null] };
  // Of arrays there are those only that add null.
  return Array.isArray(type) ? { ...known, type: type[0] as unknown, nullable: true } : known;
}

/** The members that stand under `patternProperties` for the sake of validators. */
function membersOf(patternProperties: unknown): JsonSchema {
  const entries = Object.entries((patternProperties ?? {}) as JsonSchema);
  return Object.fromEntries(
    // A property is never `false` there.
    entries.map(([pattern, one]) => [pattern.slice(1, -1), one === false ? { not: {} } : one]),
  );
}

function omit(schema: JsonSchema, keywords: readonly string[]): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).filter(([keyword]) => !keywords.includes(keyword)),
  );
}
