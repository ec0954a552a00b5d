import type { Enum, Field, NamespaceBase, Type } from 'protobufjs';
import { AnyTypeIndex } from './any-types.js';
import { documentationOf, valueDocumentationOf } from './documentation.js';
import type { EnumModel, FieldModel, MessageModel, ValueModel } from './model.js';
import { NameIndex, fieldsOf } from './name-index.js';
import { errorAt } from './proto/place.js';
import {
  deriveJsonName,
  extensionName,
  featuresOf,
  isGroupOf,
  isType,
  keyTypeOf,
  nameOf,
} from './reflection.js';
import { isScalarName, type ScalarName } from './scalar.js';

/** Which of a field's two names a handler sees. */
export type FieldNames = 'json' | 'proto';

const WELL_KNOWN = {
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
  'google.protobuf.FieldMask': 'fieldMask',
  'google.protobuf.Value': 'value',
  'google.protobuf.Struct': 'struct',
  'google.protobuf.ListValue': 'list',
} as const;

const WRAPPER = /^google\.protobuf\.(?:Double|Float|U?Int64|U?Int32|Bool|String|Bytes)Value$/;

/** Turns reflected types into models; a type is built once, so that recursive types end. */
export class ModelBuilder {
  readonly #messages = new Map<Type, ValueModel>();
  readonly #enums = new Map<Enum, EnumModel>();
  readonly #unfilled: (() => void)[] = [];
  readonly #indexes = new Map<NamespaceBase, NameIndex>();
  readonly #fieldNames: FieldNames;

  /** @param names of the types' root, where they are known already */
  constructor(fieldNames: FieldNames, names?: NameIndex) {
    this.#fieldNames = fieldNames;
    if (names) this.#indexes.set(names.root, names);
  }

  message(type: Type): ValueModel {
    const model = this.#message(type, this.#indexOf(type.root));
    // Not one inside the other: messages may lead to each other in a chain of thousands.
    for (let fill = this.#unfilled.pop(); fill; fill = this.#unfilled.pop()) fill();
    return model;
  }

  #indexOf(root: NamespaceBase): NameIndex {
    let index = this.#indexes.get(root);
    if (!index) this.#indexes.set(root, (index = new NameIndex(root).resolve()));
    return index;
  }

  #message(type: Type, names: NameIndex): ValueModel {
    const known = this.#messages.get(type);
    if (known) return known;
    const name = nameOf(type);
    if (Object.hasOwn(WELL_KNOWN, name)) {
      return this.#remember(type, { kind: WELL_KNOWN[name as keyof typeof WELL_KNOWN] });
    }
    if (name === 'google.protobuf.Any') {
      return this.#remember(type, {
        kind: 'any',
        types: new AnyTypeIndex(names, (inner) => this.message(inner)),
      });
    }
    const wrapped = WRAPPER.test(name) ? type.fields['value'] : undefined;
    if (wrapped) {
      const value = { kind: 'scalar', type: wrapped.type as ScalarName } as const;
      return this.#remember(type, { kind: 'wrapper', value });
    }

    const message: MessageModel & { fields: FieldModel[] } = {
      name,
      documentation: documentationOf(type),
      fields: [],
    };
    this.#unfilled.push(() => {
      const fields = [...fieldsOf(type), ...names.extensionsOf(type)];
      for (const field of fields) message.fields.push(this.#field(field, names));
      refuseSharedNames(message, fields);
    });
    return this.#remember(type, { kind: 'message', message });
  }

  #remember(type: Type, model: ValueModel): ValueModel {
    this.#messages.set(type, model);
    return model;
  }

  #field(field: Field, names: NameIndex): FieldModel {
    const type = isScalarName(field.type) ? undefined : names.typeOf(field);
    const group = type && isGroupOf(field, type) ? type : undefined;
    const { key, spellings } = this.#spellings(field, group);
    return {
      id: field.id,
      documentation: documentationOf(field),
      key,
      spellings,
      rule: field.map ? 'map' : field.repeated ? 'repeated' : 'single',
      mapKey: keyTypeOf(field) as ScalarName | undefined,
      value: this.#value(field, type, names),
      oneof: isSynthetic(field) ? undefined : field.partOf?.name,
      required: field.required,
      ...wireFormOf(field, type),
    };
  }

  #spellings(field: Field, group: Type | undefined): { key: string; spellings: string[] } {
    // protobufjs keeps the capitals within a group's name, protobuf does not.
    const protoName = group ? group.name.toLowerCase() : (field.protoName ?? field.name);
    const extension = extensionName(field, group && protoName);
    if (extension !== undefined) return { key: extension, spellings: [extension] };
    const derived = deriveJsonName(protoName);
    const explicit = field.getOption('json_name') as string | undefined;
    const jsonName = explicit ?? (group ? derived : (field.jsonName ?? derived));
    const spellings = new Set([jsonName, protoName]);
    // Without `keepCase` protobufjs' own name is the derived one, which json_name replaces.
    if (jsonName === derived && !group) spellings.add(field.name);
    return {
      key: this.#fieldNames === 'json' ? jsonName : protoName,
      spellings: [...spellings],
    };
  }

  #value(field: Field, type: Type | Enum | undefined, names: NameIndex): ValueModel {
    if (type === undefined) return { kind: 'scalar', type: field.type as ScalarName };
    return isType(type) ? this.#message(type, names) : { kind: 'enum', enum: this.enum(type) };
  }

  enum(type: Enum): EnumModel {
    let model = this.#enums.get(type);
    if (!model) this.#enums.set(type, (model = buildEnum(type)));
    return model;
  }
}

/** The oneof of a proto3 field marked `optional` is one that no one wrote. */
function isSynthetic(field: Field): boolean {
  return field.getOption('proto3_optional') === true;
}

function wireFormOf(
  field: Field,
  type: Type | Enum | undefined,
): Pick<FieldModel, 'packed' | 'delimited' | 'implicit'> {
  const features = featuresOf(field);
  const hasPresence = isType(type) || Boolean(field.partOf) || extensionName(field) !== undefined;
  return {
    packed: field.repeated && field.packed,
    delimited: isType(type) && features['message_encoding'] === 'DELIMITED',
    implicit: !hasPresence && features['field_presence'] === 'IMPLICIT',
  };
}

function buildEnum(type: Enum): EnumModel {
  const isNull = nameOf(type) === 'google.protobuf.NullValue';
  const numbers = new Map(Object.entries(type.values));
  const spellings = new Map<number, string | null>();
  for (const [name, number] of numbers) {
    // Of several names of a number, the first is canonical.
    if (!spellings.has(number))
      spellings.set(number, isNull ? null : (jsonNameOf(type, name) ?? name));
  }
  // A value's own JSON name is an alias wherever no value has it as its name.
  for (const name of Object.keys(type.valuesOptions ?? {})) {
    const alias = jsonNameOf(type, name);
    const number = type.values[name];
    if (alias !== undefined && number !== undefined && !numbers.has(alias))
      numbers.set(alias, number);
  }
  const closed = featuresOf(type)['enum_type'] === 'CLOSED';
  return {
    name: nameOf(type),
    documentation: documentationOf(type),
    valueDocumentation: valueDocumentationOf(type),
    isNull,
    closed,
    numbers,
    spellings,
  };
}

/** The option of google/protobuf/json_enumvalue_options.proto. */
function jsonNameOf(type: Enum, name: string): string | undefined {
  const options = Object.hasOwn(type.valuesOptions ?? {}, name) ? type.valuesOptions?.[name] : null;
  return options?.['(pb.enumvalue.json).string'] as string | undefined;
}

function refuseSharedNames(message: MessageModel, reflected: readonly Field[]): void {
  const owners = new Map<string, FieldModel>();
  for (const [i, field] of message.fields.entries()) {
    for (const spelling of field.spellings) {
      const owner = owners.get(spelling);
      if (owner) {
        throw errorAt(
          reflected[i] as Field,
          `message ${message.name} has two fields that are ${JSON.stringify(spelling)} in JSON (numbers ${owner.id} and ${field.id})`,
        );
      }
      owners.set(spelling, field);
    }
  }
}
