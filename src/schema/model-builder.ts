import type { Enum, Field, Type } from 'protobufjs';
import { AnyTypeIndex } from './any-types.js';
import type { EnumModel, FieldModel, MessageModel, ValueModel } from './model.js';
import {
  deriveJsonName,
  extensionName,
  featuresOf,
  isEnum,
  isType,
  keyTypeOf,
  nameOf,
} from './reflection.js';
import { isScalarName, type ScalarName } from './scalar.js';

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
  readonly #fieldNames: FieldNames;

  constructor(fieldNames: FieldNames) {
    this.#fieldNames = fieldNames;
  }

  message(type: Type): ValueModel {
    const known = this.#messages.get(type);
    if (known) return known;
    const name = nameOf(type);
    if (Object.hasOwn(WELL_KNOWN, name)) {
      return this.#remember(type, { kind: WELL_KNOWN[name as keyof typeof WELL_KNOWN] });
    }
    if (name === 'google.protobuf.Any') {
      return this.#remember(type, {
        kind: 'any',
        types: new AnyTypeIndex(type.root, (inner) => this.message(inner)),
      });
    }
    const wrapped = WRAPPER.test(name) ? type.fields['value'] : undefined;
    if (wrapped) return this.#remember(type, { kind: 'wrapper', value: this.#value(wrapped) });

    const message: MessageModel & { fields: FieldModel[] } = { name, fields: [] };
    // Remembered before its fields are built: they may be of this type.
    const model = this.#remember(type, { kind: 'message', message });
    for (const field of type.fieldsArray) message.fields.push(this.#field(field));
    refuseSharedNames(message);
    return model;
  }

  #remember(type: Type, model: ValueModel): ValueModel {
    this.#messages.set(type, model);
    return model;
  }

  #field(field: Field): FieldModel {
    const { key, spellings } = this.#names(field.resolve());
    return {
      id: field.id,
      key,
      spellings,
      rule: field.map ? 'map' : field.repeated ? 'repeated' : 'single',
      mapKey: keyTypeOf(field) as ScalarName | undefined,
      value: this.#value(field),
      oneof: field.partOf?.name,
      required: field.required,
    };
  }

  #names(field: Field): { key: string; spellings: string[] } {
    const extension = extensionName(field);
    if (extension !== undefined) return { key: extension, spellings: [extension] };
    const protoName = field.protoName ?? field.name;
    const derived = deriveJsonName(protoName);
    const jsonName =
      field.jsonName ?? (field.getOption('json_name') as string | undefined) ?? derived;
    const spellings = new Set([jsonName, protoName]);
    // Without `keepCase` protobufjs' own name is the derived one, which json_name replaces.
    if (jsonName === derived) spellings.add(field.name);
    return {
      key: this.#fieldNames === 'json' ? jsonName : protoName,
      spellings: [...spellings],
    };
  }

  #value(field: Field): ValueModel {
    const type: unknown = field.resolve().resolvedType;
    if (isType(type)) return this.message(type);
    if (isEnum(type)) return { kind: 'enum', enum: this.#enum(type) };
    if (isScalarName(field.type)) return { kind: 'scalar', type: field.type };
    throw new Error(`field ${nameOf(field)} has the unknown type ${field.type}`);
  }

  #enum(type: Enum): EnumModel {
    let model = this.#enums.get(type);
    if (!model) this.#enums.set(type, (model = buildEnum(type)));
    return model;
  }
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
  return { name: nameOf(type), isNull, closed, numbers, spellings };
}

/** The option of google/protobuf/json_enumvalue_options.proto. */
function jsonNameOf(type: Enum, name: string): string | undefined {
  const options = Object.hasOwn(type.valuesOptions ?? {}, name) ? type.valuesOptions?.[name] : null;
  return options?.['(pb.enumvalue.json).string'] as string | undefined;
}

function refuseSharedNames(message: MessageModel): void {
  const owners = new Map<string, FieldModel>();
  for (const field of message.fields) {
    for (const spelling of field.spellings) {
      const owner = owners.get(spelling);
      if (owner) {
        throw new Error(
          `message ${message.name} has two fields that are ${JSON.stringify(spelling)} in JSON (numbers ${owner.id} and ${field.id})`,
        );
      }
      owners.set(spelling, field);
    }
  }
}
