import { isNullable } from '../message-reader.js';
import type { Documentation, FieldModel, MessageModel } from '../model.js';
import {
  members,
  orNull,
  present,
  presentAndNotNull,
  type JsonSchema,
  type Subschema,
} from './json-schema.js';
import type { Wording } from './wording.js';

/** What is said of a message only where it stands in an Any. */
interface InAny {
  /** What its `@type` says. */
  readonly typeUrl?: JsonSchema;
  /** Fields that must be there. */
  readonly required?: readonly FieldModel[];
}

/**
 * An object of nothing but the message's fields.
 *
 * @param valueOf the schema of a field's value, null apart
 */
export function messageSchema(
  message: MessageModel,
  wording: Wording,
  valueOf: (field: FieldModel) => JsonSchema,
  { typeUrl, required = [] }: InAny = {},
): JsonSchema {
  // In an Any the member of this name is the type's, whatever the field.
  const isSaid = (name: string) => typeUrl === undefined || name !== '@type';
  const fields = message.fields.map((field): Field => ({
    field,
    names: (wording.direction === 'input' ? namesOf(field) : [field.key]).filter(isSaid),
  }));
  const properties = fields.flatMap(({ field, names }) =>
    propertiesOf(field, names, wording, valueOf(field)),
  );
  const constraints = [...onceEach(fields), ...oneofs(fields, wording)];
  const presence = fields
    .filter(({ field, names }) => required.includes(field) && names.length > 0)
    .map((field) => anyOf(presences(field, wording)));
  return {
    title: message.name.replace(/^.*\./, ''),
    type: 'object',
    ...documented(message.documentation),
    ...members(typeUrl === undefined ? properties : [['@type', typeUrl], ...properties]),
    ...(typeUrl && { required: ['@type'] }),
    additionalProperties: false,
    ...together(constraints, presence),
  };
}

/** What is required has keywords that the message has itself; a constraint alone has none of them. */
function together(
  constraints: readonly JsonSchema[],
  presence: readonly JsonSchema[],
): JsonSchema | undefined {
  const all = [...constraints, ...presence];
  if (all.length === 0) return undefined;
  return all.length === 1 && presence.length === 0 ? all[0] : { allOf: all };
}

export function documented({ comment, deprecated }: Documentation = {}): JsonSchema {
  return {
    ...(comment !== undefined && { description: comment }),
    ...(deprecated && { deprecated: true }),
  };
}

interface Field {
  readonly field: FieldModel;
  /** By which it may stand in the object. */
  readonly names: readonly string[];
}

/** The canonical one first. */
function namesOf({ key, spellings }: FieldModel): string[] {
  return [key, ...spellings.filter((spelling) => spelling !== key)];
}

function propertiesOf(
  field: FieldModel,
  names: readonly string[],
  { direction }: Wording,
  value: JsonSchema,
): [string, Subschema][] {
  const schema = direction === 'input' && !isNullValue(field) ? orNull(value) : value;
  return names.map((name, rank) => {
    const { comment, deprecated } = field.documentation ?? {};
    const description = rank === 0 ? comment : `Another spelling of ${names[0]}.`;
    return [name, { ...schema, ...documented({ comment: description, deprecated }) }];
  });
}

/** Null is no absence there. */
function isNullValue(field: FieldModel): boolean {
  return field.rule === 'single' && isNullable(field);
}

/** A field in two spellings at once is refused, whatever they hold. */
function onceEach(fields: readonly Field[]): JsonSchema[] {
  const pairs = fields.flatMap(({ names }) =>
    names.flatMap((name, rank) => names.slice(0, rank).map((other) => present([other, name]))),
  );
  return pairs.length > 0 ? [{ not: anyOf(pairs) }] : [];
}

/** One of a oneof's fields, or none. */
function oneofs(fields: readonly Field[], wording: Wording): JsonSchema[] {
  const groups = new Map<string, JsonSchema[]>();
  for (const field of fields) {
    const { oneof } = field.field;
    if (oneof === undefined || field.names.length === 0) continue;
    const group = groups.get(oneof) ?? [];
    group.push(anyOf(presences(field, wording)));
    groups.set(oneof, group);
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => ({ oneOf: [...group, { not: anyOf(group) }] }));
}

/** That the field has a value, in one of its spellings. */
function presences({ field, names }: Field, { direction }: Wording): JsonSchema[] {
  const mayBeNull = direction === 'input' && !isNullValue(field);
  return names.map((name) => (mayBeNull ? presentAndNotNull(name) : present([name])));
}

function anyOf(schemas: readonly JsonSchema[]): JsonSchema {
  const [only] = schemas;
  return schemas.length === 1 && only ? only : { anyOf: schemas };
}
