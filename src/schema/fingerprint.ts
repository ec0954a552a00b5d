import { createHash } from 'node:crypto';
import type { EnumModel, MessageModel, SchemaModel, ValueModel } from './model.js';

/**
 * A digest of all that decides which messages are valid and how they are spelled. It is the same
 * in every process with the same schema, and does not change with comments or file names.
 */
export function fingerprintOf(schema: SchemaModel): string {
  const definitions = new Definitions();
  const sides = {
    request: schema.request && describe(schema.request, definitions),
    response: schema.response && describe(schema.response, definitions),
  };
  const sorted = [...definitions.all()].sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([sides, sorted]))
    .digest('base64url');
}

/** Messages and enums are defined once, apart, by name: one may be part of itself. */
class Definitions {
  readonly #byName = new Map<string, unknown>();
  readonly #open: [name: string, definition: () => unknown][] = [];

  add(name: string, definition: () => unknown): string {
    if (!this.#byName.has(name)) {
      this.#byName.set(name, null);
      this.#open.push([name, definition]);
    }
    return name;
  }

  /** Not one inside the other: messages may lead to each other in a chain of thousands. */
  all(): Iterable<[name: string, definition: unknown]> {
    for (let next = this.#open.pop(); next; next = this.#open.pop()) {
      this.#byName.set(next[0], next[1]());
    }
    return this.#byName;
  }
}

/** A value's type in a few words. */
function describe(model: ValueModel, definitions: Definitions): string {
  switch (model.kind) {
    case 'scalar':
      return model.type;
    case 'enum':
      return definitions.add(`enum ${model.enum.name}`, () => enumDefinition(model.enum));
    case 'message':
      return definitions.add(`message ${model.message.name}`, () =>
        messageDefinition(model.message, definitions),
      );
    case 'wrapper':
      return `wrapper of ${describe(model.value, definitions)}`;
    case 'any':
      return definitions.add('any', () =>
        [...model.types.all()].map(([, inner]) => describe(inner, definitions)),
      );
    default:
      return model.kind;
  }
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
