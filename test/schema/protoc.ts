import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Field, NamespaceBase, ReflectionObject, Service, Type } from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { loadFile } from '../../src/schema/load.js';
import { ModelBuilder } from '../../src/schema/model-builder.js';
import { isEnum, isNamespace, isType, keyTypeOf, nameOf } from '../../src/schema/reflection.js';

const PACKAGE = dirname(createRequire(import.meta.url).resolve('protoc/package.json'));

/** protobuf's own files, which come with protoc. */
export const INCLUDE = join(PACKAGE, 'include');

/** What a file declares, by full name, in a form that both sides can be brought into. */
export type Description = Record<string, unknown>;

interface FieldProto {
  name: string;
  number: number;
  label: number;
  type: number;
  typeName: string;
  jsonName: string;
  extendee: string;
  oneofIndex?: number;
}
interface EnumProto {
  name: string;
  value: { name: string; number: number }[];
}
interface MessageProto {
  name: string;
  field: FieldProto[];
  extension: FieldProto[];
  nestedType: MessageProto[];
  enumType: EnumProto[];
  oneofDecl: { name: string }[];
  options?: { mapEntry?: boolean };
}
interface FileProto {
  package: string;
  messageType: MessageProto[];
  enumType: EnumProto[];
  extension: FieldProto[];
  service: { name: string; method: Record<string, unknown>[] }[];
}

const SCALARS = [
  '', 'double', 'float', 'int64', 'uint64', 'int32', 'fixed64', 'fixed32', 'bool', 'string', 'group',
  'message', 'bytes', 'uint32', 'enum', 'sfixed32', 'sfixed64', 'sint32', 'sint64',
]; // prettier-ignore
const REPEATED = 3;

/** Whether there is a binary for this platform; without one the comparison is skipped. */
export function hasProtoc(): boolean {
  try {
    runProtoc(['--version']);
    return true;
  } catch (error) {
    console.warn(`no comparison with protoc: ${String(error)}`);
    return false;
  }
}

/** The descriptors of a schema's text and of what it imports, as protoc writes them. */
export function descriptorSetOf(text: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'protoc-'));
  const [file, out] = [join(folder, 'schema.proto'), join(folder, 'descriptor')];
  try {
    writeFileSync(file, text);
    const folders = [`--proto_path=${folder}`, `--proto_path=${INCLUDE}`];
    runProtoc([...folders, '--include_imports', `--descriptor_set_out=${out}`, file]);
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function runProtoc(arguments_: readonly string[]): void {
  execFileSync(process.execPath, [join(PACKAGE, 'protoc.cjs'), ...arguments_], { stdio: 'pipe' });
}

/** What protoc says that a file declares. */
export function protocDescription(file: string, includeDirs: readonly string[]): Description {
  const folder = mkdtempSync(join(tmpdir(), 'protoc-'));
  const out = join(folder, 'descriptor');
  try {
    const folders = [dirname(file), ...includeDirs, INCLUDE].map((dir) => `--proto_path=${dir}`);
    runProtoc([...folders, `--descriptor_set_out=${out}`, file]);
    const set = descriptor.FileDescriptorSet.decode(readFileSync(out));
    return describeFile((set as unknown as { file: FileProto[] }).file[0] as FileProto);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function describeFile(file: FileProto): Description {
  const out: Description = { package: file.package };
  const inScope = (scope: string, name: string) => (scope ? `${scope}.${name}` : name);
  const field = (proto: FieldProto, message?: MessageProto) => {
    const entry = message?.nestedType.find(
      (nested) => nested.options?.mapEntry && proto.typeName.endsWith(`.${nested.name}`),
    );
    const [key, value] = entry?.field ?? [];
    const typed = value ?? proto;
    const oneof = Object.hasOwn(proto, 'oneofIndex') ? proto.oneofIndex : undefined;
    return {
      name: proto.name,
      number: proto.number,
      type: typed.typeName || SCALARS[typed.type],
      key: key && SCALARS[key.type],
      repeated: !entry && proto.label === REPEATED,
      json: message && proto.jsonName,
      extendee: proto.extendee || undefined,
      oneof: oneof === undefined ? undefined : message?.oneofDecl[oneof]?.name,
    };
  };
  const extensions = (fields: FieldProto[], scope: string) => {
    for (const proto of fields) out[`extension ${inScope(scope, proto.name)}`] = field(proto);
  };
  const enums = (protos: EnumProto[], scope: string) => {
    for (const { name, value } of protos) {
      out[inScope(scope, name)] = Object.fromEntries(value.map((v) => [v.name, v.number]));
    }
  };
  const messages = (protos: MessageProto[], scope: string) => {
    for (const proto of protos) {
      if (proto.options?.mapEntry) continue;
      const name = inScope(scope, proto.name);
      out[name] = byNumber(proto.field.map((member) => field(member, proto)));
      messages(proto.nestedType, name);
      enums(proto.enumType, name);
      extensions(proto.extension, name);
    }
  };
  messages(file.messageType, file.package);
  enums(file.enumType, file.package);
  extensions(file.extension, file.package);
  for (const { name, method } of file.service) {
    out[inScope(file.package, name)] = method.map((m) => [
      m['name'],
      m['inputType'],
      m['outputType'],
      Boolean(m['clientStreaming']),
      Boolean(m['serverStreaming']),
    ]);
  }
  return out;
}

/** What this package makes of the file, in the same form. */
export function ourDescription(file: string, includeDirs: readonly string[]): Description {
  const { names, packageName } = loadFile(file, includeDirs, 'Test');
  const builder = new ModelBuilder('json', names);
  const out: Description = { package: packageName };
  const field = (member: Field, json?: string) => ({
    name: member.name,
    number: member.id,
    type: member.type,
    key: keyTypeOf(member),
    repeated: member.repeated,
    json,
    extendee: member.extend,
    oneof: member.partOf?.name,
  });
  const message = (type: Type) => {
    const own = type.fieldsArray.filter(({ declaringField }) => !declaringField);
    const model = builder.message(type);
    const jsonNames = new Map(
      model.kind === 'message' ? model.message.fields.map(({ id, key }) => [id, key]) : [],
    );
    // Well-known types have no fields in JSON.
    const known = (id: number, name: string) => jsonNames.get(id) ?? camelCase(name);
    return byNumber(own.map((member) => field(member, known(member.id, member.name))));
  };
  for (const object of below(names.root)) {
    if (object.filename !== file) continue;
    if (isType(object)) out[nameOf(object)] = message(object);
    else if (isEnum(object)) out[nameOf(object)] = { ...object.values };
    else if ((object as Partial<Service>).methodsArray) {
      out[nameOf(object)] = (object as Service).methodsArray.map((m) => [
        m.name,
        m.requestType,
        m.responseType,
        Boolean(m.requestStream),
        Boolean(m.responseStream),
      ]);
    } else if ((object as Partial<Field>).extend) {
      out[`extension ${nameOf(object)}`] = field(object as unknown as Field);
    }
  }
  return out;
}

function* below(namespace: NamespaceBase): Generator<ReflectionObject> {
  for (const nested of namespace.nestedArray) {
    yield nested;
    if (isNamespace(nested)) yield* below(nested);
  }
}

function byNumber<T extends { number: number }>(fields: T[]): T[] {
  return fields.sort((a, b) => a.number - b.number);
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, next: string) => next.toUpperCase());
}
