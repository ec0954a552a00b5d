/** A schema as JSON Schema has it, ready for `JSON.stringify`. */
export interface JsonSchema {
  [keyword: string]: unknown;
}

/** `false`, which nothing fits, stands for a schema as well. */
export type Subschema = JsonSchema | false;

export const NULL: JsonSchema = { type: 'null' };

/** The same, or null. */
export function orNull(schema: JsonSchema): JsonSchema {
  if (typeof schema['type'] === 'string' && schema['enum'] === undefined) {
    return { ...schema, type: [schema['type'], 'null'] };
  }
  const { anyOf } = schema;
  return { anyOf: [...(Array.isArray(anyOf) ? (anyOf as JsonSchema[]) : [schema]), NULL] };
}

/**
 * Members by their names. Validators in JavaScript find what every object inherits, such as
 * `constructor`, under `properties`, but not under `patternProperties`.
 */
export function members(schemas: Iterable<readonly [name: string, schema: Subschema]>): JsonSchema {
  const properties: [string, Subschema][] = [];
  const patternProperties: [string, Subschema][] = [];
  for (const [name, schema] of schemas) {
    if (isInherited(name)) patternProperties.push([`^${name}$`, schema]);
    else properties.push([name, schema]);
  }
  return {
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    ...(patternProperties.length > 0 && {
      patternProperties: Object.fromEntries(patternProperties),
    }),
  };
}

/**
 * That all of these members are there. Strict validators want what is required to be described in the
 * same place.
 */
export function present(names: readonly string[]): JsonSchema {
  const inherited = names.filter(isInherited);
  const own = names.filter((name) => !isInherited(name));
  return {
    ...(own.length > 0 && { required: own, ...members(own.map((name) => [name, {}])) }),
    ...(inherited.length > 0 && {
      not: { anyOf: inherited.map((name) => members([[name, false]])) },
    }),
  };
}

/** That a member is there and not null. */
export function presentAndNotNull(name: string): JsonSchema {
  if (isInherited(name)) return { not: members([[name, NULL]]) };
  return { required: [name], properties: { [name]: { not: NULL } } };
}

function isInherited(name: string): boolean {
  return name in Object.prototype;
}
