import { dirname, relative } from 'node:path/posix';
import type { NamespaceBase, ReflectionObject, Root } from 'protobufjs';
import type { IFileDescriptorProto } from 'protobufjs/ext/descriptor.js';
import { NameIndex } from '../name-index.js';
import { isEnum, isExtension, isNamespace, isService, isType, nameOf } from '../reflection.js';
import { wellKnownPath } from '../proto/bundled.js';
import { DeclarationDescriptor, protoNameOf } from './declaration-descriptor.js';
import { NamedFiles, type NamedFile } from './named-files.js';

/** A file, as reflection hands it out. */
export interface FileDescriptor extends NamedFile {
  /** The files that it needs. */
  readonly dependencies: readonly FileDescriptor[];
  /** The full names of what it declares, methods, fields and values among them. */
  readonly symbols: ReadonlySet<string>;
  /** The extensions that it declares. */
  readonly extensions: readonly { readonly extendee: string; readonly number: number }[];
}

type Declared = ReflectionObject & { readonly _edition?: string };

interface Draft {
  readonly path: string;
  readonly packageName: string;
  readonly declarations: Declared[];
}

/**
 * The files that a root was read from, as descriptors. Of a root whose files are not known any more, each
 * package is one.
 *
 * @param taken those of other roots, which it adds to
 */
export function fileDescriptorsOf(root: Root, taken = new NamedFiles()): FileDescriptor[] {
  const drafts = draftsOf(root);
  const names = new NameIndex(root);
  const nameOfPath = shortNames(drafts.map(({ path }) => path));
  const files = drafts.map((draft) => ({
    ...describe(draft, names),
    name: nameOfPath(draft.path),
  }));
  const declaring = new Map(files.flatMap((file) => [...file.symbols].map((name) => [name, file])));
  const finished = new Map<object, FileDescriptor>();
  /** Packages may need each other where they stand for files. */
  const open = new Set<object>();

  function finish(file: (typeof files)[number]): FileDescriptor {
    const known = finished.get(file);
    if (known) return known;
    const needed = new Set([...file.used].map((name) => declaring.get(name)!));
    needed.delete(file);
    open.add(file);
    const dependencies = [...needed].filter((other) => !open.has(other)).map(finish);
    open.delete(file);
    const dependency = dependencies.map(({ name }) => name);
    const named = taken.name(file.name, { ...file.proto, dependency });
    const { symbols, extensions } = file;
    const made = { ...named, dependencies, symbols, extensions };
    finished.set(file, made);
    return made;
  }
  return files.map(finish);
}

/** What stands in each file. */
function draftsOf(root: Root): Draft[] {
  const drafts = new Map<string, Draft>();
  const packages: NamespaceBase[] = [root];
  for (const namespace of packages) {
    const packageName = nameOf(namespace);
    for (const object of namespace.nestedArray) {
      if (isPlainNamespace(object)) {
        packages.push(object);
        continue;
      }
      const path = object.filename ?? `${packageName.replaceAll('.', '_') || 'root'}.proto`;
      const key = JSON.stringify([path, packageName]);
      const draft = drafts.get(key) ?? { path, packageName, declarations: [] };
      drafts.set(key, draft);
      draft.declarations.push(object);
    }
  }
  return [...drafts.values()];
}

function describe({ packageName, declarations }: Draft, names: NameIndex) {
  const edition = declarations.find(({ _edition }) => _edition)?._edition ?? 'proto3';
  const told = new DeclarationDescriptor(names, edition);
  const proto = {
    package: packageName,
    ...syntaxOf(edition),
    messageType: declarations.filter(isType).map((type) => told.message(type)),
    enumType: declarations.filter(isEnum).map((declared) => told.enum(declared)),
    service: declarations.filter(isService).map((service) => told.service(service)),
    extension: declarations.filter(isExtension).map((field) => told.extension(field)),
  } as IFileDescriptorProto;
  const symbols = new Set<string>();
  const extensions: FileDescriptor['extensions'][number][] = [];
  const pending: ReflectionObject[] = [...declarations];
  for (const object of pending) {
    const scope = object.parent === null ? '' : nameOf(object.parent);
    const within = (name: string) => (scope === '' ? name : `${scope}.${name}`);
    if (isExtension(object)) {
      symbols.add(within(protoNameOf(object).replace(/^.*\./, '')));
      const extendee = names.resolveIn(object.parent, object.extend as string, object.name);
      extensions.push({ extendee: nameOf(extendee), number: object.id });
      continue;
    }
    symbols.add(nameOf(object));
    // An enum's values stand beside it.
    if (isEnum(object)) for (const value of Object.keys(object.values)) symbols.add(within(value));
    if (isService(object)) for (const method of object.methodsArray) symbols.add(nameOf(method));
    if (!isType(object)) continue;
    for (const field of object.fieldsArray) {
      if (!field.declaringField) symbols.add(`${nameOf(object)}.${protoNameOf(field)}`);
    }
    for (const { name } of object.oneofsArray) symbols.add(`${nameOf(object)}.${name}`);
    pending.push(...object.nestedArray);
  }
  return { proto, used: told.used, symbols, extensions };
}

/** What is not said is proto2. */
function syntaxOf(edition: string): object {
  if (edition === 'proto2') return {};
  if (edition === 'proto3') return { syntax: edition };
  return { syntax: 'editions', edition: `EDITION_${edition}` };
}

/** Folders whose files everybody knows by their whole path. */
const WELL_KNOWN = /^(google\/protobuf|grpc\/(health|reflection))\//;

/** Files by the names that they have within the folder that holds all of them. */
function shortNames(paths: readonly string[]): (path: string) => string {
  const known = (path: string) => wellKnownPath(path) ?? (WELL_KNOWN.test(path) ? path : undefined);
  const own = paths.filter((path) => known(path) === undefined).map(withSlashes);
  let folder = own.length === 0 ? '' : dirname(own[0]!);
  while (!own.every((path) => isWithin(path, folder))) folder = dirname(folder);
  return (path) => known(path) ?? relative(folder, withSlashes(path));
}

function isWithin(path: string, folder: string): boolean {
  return folder === '.' || folder === '/' || path.startsWith(`${folder}/`);
}

function withSlashes(path: string): string {
  return path.replaceAll('\\', '/');
}

function isPlainNamespace(object: ReflectionObject): object is NamespaceBase {
  return isNamespace(object) && !isType(object) && !isService(object);
}
