import { NULL, type JsonSchema } from './json-schema.js';

const NO_HOLDER: JsonSchema = { not: { anyOf: [{ type: 'object' }, { type: 'array' }] } };

/** Keys that a client chooses lead to no prototype: see `reachesPrototype`. */
export const HARMLESS_KEYS: JsonSchema = {
  patternProperties: {
    '^__proto__$': false,
    '^constructor$': NO_HOLDER,
    '^prototype$': NO_HOLDER,
  },
};

export function valueSchema(struct: JsonSchema, list: JsonSchema): JsonSchema {
  return {
    description: 'Any JSON value.',
    anyOf: [NULL, { type: 'boolean' }, { type: 'number' }, { type: 'string' }, list, struct],
  };
}

export function listSchema(value: JsonSchema): JsonSchema {
  return { description: 'Any JSON array.', type: 'array', items: value };
}

export function structSchema(value: JsonSchema, isClients: boolean): JsonSchema {
  return {
    description: 'Any JSON object.',
    type: 'object',
    additionalProperties: value,
    ...(isClients && { allOf: [HARMLESS_KEYS] }),
  };
}

/** A url that ends in the name of a type. */
export function typeUrlSchema(name: string, isCanonical: boolean): JsonSchema {
  const literal = name.replaceAll('.', '[.]');
  return { type: 'string', pattern: `${isCanonical ? '/' : '(^|/)'}[.]*${literal}$` };
}
