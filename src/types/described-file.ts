import type { Enum, ReflectionObject, Type } from 'protobufjs';
import { indexed } from '../schema/load.js';
import type { NameIndex } from '../schema/name-index.js';
import type { LinkedFile } from '../schema/proto/import-graph.js';
import { DISK, loadFiles } from '../schema/proto/source-files.js';
import { isEnum, isNamespace, isService, isType } from '../schema/reflection.js';
import { schemaConstants, type SchemaConstant } from './schema-constants.js';

/** A message or enum, which has a type in TypeScript. */
export type Declared = Type | Enum;

/** A .proto file, and what it says that something is generated of. */
export interface DescribedFile {
  readonly file: LinkedFile;
  /** The file itself, which is the first, and all that it imports. */
  readonly files: readonly LinkedFile[];
  /** By path, of those that are not part of the package. */
  readonly texts: ReadonlyMap<string, string>;
  readonly names: NameIndex;
  /** The file's own. */
  readonly declared: readonly Declared[];
  readonly constants: readonly SchemaConstant[];
}

/**
 * @param path of the .proto file, absolute
 * @param includeDirs where imports are looked for first, absolute
 * @param read takes the paths of all files that are read, also where one is wrong
 */
export function describeFile(
  path: string,
  includeDirs: readonly string[],
  read = new Set<string>(),
): DescribedFile {
  const texts = new Map<string, string>();
  const files = loadFiles(path, includeDirs, {
    ...DISK,
    read(name) {
      read.add(name);
      // Whatever the checkout makes of line ends, the same is generated.
      const text = DISK.read(name)
        ?.replace(/^\uFEFF/, '')
        .replaceAll('\r\n', '\n');
      if (text !== undefined) texts.set(name, text);
      return text;
    },
  });
  const names = indexed(files);
  const file = files[0] as LinkedFile;
  const declared = [...declaredIn(file.declarations)];
  const services = file.declarations.filter(isService);
  const constants = schemaConstants(path, declared.filter(isType), services, names);
  return { file, files, texts, names, declared, constants };
}

/** The messages and enums that are declared by these objects and in them, in the order of the file. */
export function* declaredIn(objects: Iterable<ReflectionObject>): Generator<Declared> {
  for (const object of objects) {
    if (isType(object) || isEnum(object)) yield object;
    if (isNamespace(object)) yield* declaredIn(object.nestedArray);
  }
}
