import type { Enum, Field, OneOf, Service, Type } from 'protobufjs';
import type {
  IDescriptorProto,
  IEnumDescriptorProto,
  IFieldDescriptorProto,
  IServiceDescriptorProto,
} from 'protobufjs/ext/descriptor.js';
import { fieldsOf, type NameIndex } from '../name-index.js';
import {
  deriveJsonName,
  featuresOf,
  isEnum,
  isExtension,
  isGroupOf,
  isType,
  keyTypeOf,
  nameOf,
} from '../reflection.js';

const [OPTIONAL, REQUIRED, REPEATED] = [1, 2, 3] as const;
const [GROUP, MESSAGE, ENUM] = [10, 11, 14] as const;
const SCALARS = [
  '', 'double', 'float', 'int64', 'uint64', 'int32', 'fixed64', 'fixed32', 'bool', 'string', 'group',
  'message', 'bytes', 'uint32', 'enum', 'sfixed32', 'sfixed64', 'sint32', 'sint64',
]; // prettier-ignore
/** Of these a repeated field is never packed. */
const NEVER_PACKED = ['string', 'bytes'];

/** Tells what declarations of one file say, in the words of `google/protobuf/descriptor.proto`. */
export class DeclarationDescriptor {
  readonly #names: NameIndex;
  /** `proto2`, `proto3`, or the year of an edition. */
  readonly #edition: string;
  /** The full names of what has been told of as a type of something. */
  readonly used = new Set<string>();

  constructor(names: NameIndex, edition: string) {
    this.#names = names;
    this.#edition = edition;
  }

  message(type: Type): IDescriptorProto {
    const oneofs = [...type.oneofsArray].sort(realFirst);
    const fields = fieldsOf(type);
    const nested = type.nestedArray;
    return {
      name: type.name,
      field: fields.map((field) => this.#field(field, oneofs)),
      extension: nested.filter(isExtension).map((field) => this.extension(field)),
      nestedType: [
        ...nested.filter(isType).map((inner) => this.message(inner)),
        ...fields.filter(keyTypeOf).map((field) => this.#mapEntry(field)),
      ],
      enumType: nested.filter(isEnum).map((inner) => this.enum(inner)),
      oneofDecl: oneofs.map(({ name }) => ({ name })),
      extensionRange: (type.extensions ?? []).map(([start, end]) => ({
        start: start!,
        end: end! + 1,
      })),
      options: deprecation(type),
    };
  }

  enum(declared: Enum): IEnumDescriptorProto {
    const values = Object.entries(declared.values);
    const numbers = new Set(values.map(([, number]) => number));
    const isClosed = featuresOf(declared)['enum_type'] === 'CLOSED';
    return {
      name: declared.name,
      value: values.map(([name, number]) => ({ name, number })),
      options: {
        ...(numbers.size < values.length && { allowAlias: true }),
        ...(this.#isEdition && isClosed && { features: { enumType: 'CLOSED' } }),
      } as IEnumDescriptorProto['options'],
    };
  }

  service(service: Service): IServiceDescriptorProto {
    return {
      name: service.name,
      method: service.methodsArray.map((method) => ({
        name: method.name,
        inputType: this.#use(
          nameOf(this.#names.resolveIn(service, method.requestType, method.name)),
        ),
        outputType: this.#use(
          nameOf(this.#names.resolveIn(service, method.responseType, method.name)),
        ),
        clientStreaming: method.requestStream ?? false,
        serverStreaming: method.responseStream ?? false,
      })),
    };
  }

  extension(field: Field): IFieldDescriptorProto {
    const extendee = this.#names.resolveIn(field.parent, field.extend as string, field.name);
    return { ...this.#field(field, []), extendee: this.#use(nameOf(extendee)) };
  }

  get #isEdition(): boolean {
    return !this.#edition.startsWith('proto');
  }

  #field(field: Field, oneofs: readonly OneOf[]): IFieldDescriptorProto {
    const name = protoNameOf(field);
    const { partOf } = field;
    const { jsonName = deriveJsonName(name) } = field as { jsonName?: string };
    return {
      name,
      number: field.id,
      label: this.#labelOf(field),
      ...(keyTypeOf(field)
        ? { type: MESSAGE, typeName: `.${nameOf(field.parent!)}.${entryName(field)}` }
        : this.#typeOf(field)),
      jsonName,
      ...(partOf && { oneofIndex: oneofs.indexOf(partOf) }),
      ...(isProto3Optional(field) && { proto3Optional: true }),
      ...(field.options?.['default'] !== undefined && { defaultValue: defaultOf(field) }),
      options: this.#optionsOf(field) as IFieldDescriptorProto['options'],
    };
  }

  #labelOf(field: Field): 1 | 2 | 3 {
    if (field.repeated || keyTypeOf(field)) return REPEATED;
    return field.required && !this.#isEdition ? REQUIRED : OPTIONAL;
  }

  #typeOf(field: Field): Pick<IFieldDescriptorProto, 'type' | 'typeName'> {
    const scalar = SCALARS.indexOf(field.type);
    if (scalar > 0) return { type: scalar as IFieldDescriptorProto['type'] };
    const type = this.#names.typeOf(field);
    const typeName = this.#use(nameOf(type));
    if (isEnum(type)) return { type: ENUM, typeName };
    return { type: isGroupOf(field, type) ? GROUP : MESSAGE, typeName };
  }

  #mapEntry(field: Field): IDescriptorProto {
    const key = SCALARS.indexOf(keyTypeOf(field)!) as IFieldDescriptorProto['type'];
    const common = { label: OPTIONAL };
    return {
      name: entryName(field),
      field: [
        { ...common, name: 'key', jsonName: 'key', number: 1, type: key },
        { ...common, name: 'value', jsonName: 'value', number: 2, ...this.#typeOf(field) },
      ],
      options: { mapEntry: true },
    };
  }

  #optionsOf(field: Field): object {
    const features = this.#isEdition ? this.#featuresOf(field) : {};
    const mayBePacked =
      field.repeated && SCALARS.includes(field.type) && !NEVER_PACKED.includes(field.type);
    const isPacked = mayBePacked && field.packed !== (this.#edition === 'proto3');
    return {
      ...deprecation(field),
      ...(!this.#isEdition && isPacked && { packed: field.packed }),
      ...(Object.keys(features).length > 0 && { features }),
    };
  }

  /** What differs from an edition's defaults: a file's own are not known any more. */
  #featuresOf(field: Field): object {
    const { field_presence, repeated_field_encoding, message_encoding } = featuresOf(field);
    const isSingular = !field.repeated && !keyTypeOf(field) && !field.partOf && !isExtension(field);
    return {
      ...(isSingular && field_presence !== 'EXPLICIT' && { fieldPresence: field_presence }),
      ...(field.repeated &&
        repeated_field_encoding === 'EXPANDED' && { repeatedFieldEncoding: 'EXPANDED' }),
      ...(message_encoding === 'DELIMITED' &&
        !SCALARS.includes(field.type) && { messageEncoding: 'DELIMITED' }),
    };
  }

  #use(fullName: string): string {
    this.used.add(fullName);
    return `.${fullName}`;
  }
}

export function protoNameOf(field: Field): string {
  return field.protoName ?? field.name;
}

/** protoc's name of a map's entry. */
function entryName(field: Field): string {
  const camel = protoNameOf(field).replace(/(?:^_*|_+)([^_]?)/g, (_, next: string) =>
    next.toUpperCase(),
  );
  return `${camel}Entry`;
}

/** In protoc's spelling. */
function defaultOf({ type, options }: Field): string {
  const value: unknown = options!['default'];
  if (type === 'bytes') return escaped(Buffer.from(String(value)));
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'number' && !Number.isFinite(value)
    ? String(value).toLowerCase().replace('infinity', 'inf')
    : String(value);
}

/** Bytes as within a string of C. */
function escaped(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => {
    if (byte < 0x20 || byte > 0x7e) return `\\${byte.toString(8).padStart(3, '0')}`;
    const character = String.fromCharCode(byte);
    return '"\'\\'.includes(character) ? `\\${character}` : character;
  }).join('');
}

function isProto3Optional({ options }: Field): boolean {
  return options?.['proto3_optional'] === true;
}

/** The oneofs that stand for `optional` come last. */
function realFirst(one: OneOf, other: OneOf): number {
  return Number(isSynthetic(one)) - Number(isSynthetic(other));
}

function isSynthetic({ fieldsArray }: OneOf): boolean {
  return fieldsArray.length === 1 && isProto3Optional(fieldsArray[0]!);
}

function deprecation({ options }: Field | Type): object {
  return options?.['deprecated'] === true ? { deprecated: true } : {};
}
