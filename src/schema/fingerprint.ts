import { createHash } from 'node:crypto';
import type { EnumModel, MessageModel, SchemaModel, ValueModel } from './model.js';

/**
 * A digest of all that decides which messages are valid and how they are spelled. It is the same
 * in every process with the same schema, and does not change with comments or file names.
 */
export function fingerprintOf(schema: SchemaModel): string {
  const definitions = new Map<string, unknown>();
  const sides = {
    request: schema.request && describe(schema.request, definitions),
    response: schema.response && describe(schema.response, definitions),
  };
  const sorted = [...definitions].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([sides, sorted]))
    .digest('base64url');
}

type Definitions = Map<string, unknown>;

/** A value's type in a few words; messages and enums are defined once, apart, by name. */
function describe(model: ValueModel, definitions: Definitions): string {
  switch (model.kind) {
    case 'scalar':
      return model.type;
    case 'enum':
      return define(`enum ${model.enum.name}`, definitions, () => enumDefinition(model.enum));
    case 'message':
      return define(`message ${model.message.name}`, definitions, () =>
        messageDefinition(model.message, definitions),
      );
    case 'wrapper':
      return `wrapper of ${describe(model.value, definitions)}`;
    case 'any':
      return define('any', definitions, () =>
        [...model.types.all()].map((inner) => describe(inner, definitions)),
      );
    default:
      return model.kind;
  }
}

function define(name: string, definitions: Definitions, definition: () => unknown): string {
  if (!definitions.has(name)) {
    // Held open first: a message may be part of itself.
    definitions.set(name, null);
    definitions.set(name, definition());
  }
  return name;
}

function messageDefinition({ fields }: MessageModel, definitions: Definitions): unknown {
  return fields
    .map((field) => [
      field.id,
      field.key,
      field.spellings,
      field.rule,
      field.mapKey ?? '',
      describe(field.value, definitions),
      field.oneof ?? '',
      field.required,
    ])
    .sort(([a], [b]) => Number(a) - Number(b));
}

function enumDefinition({ closed, numbers, spellings }: EnumModel): unknown {
  return [closed, [...numbers], [...spellings]];
}
