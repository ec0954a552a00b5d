import protobuf from 'protobufjs';
import type { NamespaceBase, Root } from 'protobufjs';
import { isType } from '../reflection.js';
import { ImportGraph, type LinkedFile } from './import-graph.js';
import { addTo, errorAt } from './place.js';
import type { Reference } from './proto-file.js';
import { notFound, resolveName, type Resolution } from './scope.js';
import type { SourceError } from './source-error.js';

/** Brings files into one root, with every type's name replaced by its full name. */
export function link(files: readonly LinkedFile[]): Root {
  const graph = new ImportGraph(files);
  for (const file of files) {
    for (const reference of file.references) {
      const resolution = resolveName(reference.name, reference.scope, (name) =>
        graph.kindOf(name, file),
      );
      if (resolution.fullName === undefined) throw unknownType(reference, resolution, file, graph);
      reference.assign(`.${resolution.fullName}`);
    }
  }
  const root = new protobuf.Root();
  const packageOf = ({ packageName }: LinkedFile): NamespaceBase =>
    packageName === '' ? root : root.define(packageName);
  for (const file of files) {
    root.files.push(file.path);
    for (const object of file.declarations) addTo(packageOf(file), object);
  }
  // Last, when the messages that they extend are there.
  for (const file of files) {
    for (const { field, parent } of file.extensions) {
      const extendee = root.lookup(field.extend as string);
      if (!isType(extendee)) {
        throw errorAt(
          field,
          `${field.name} extends ${field.extend?.slice(1)}, which is no message`,
        );
      }
      addTo(parent ?? packageOf(file), field);
    }
  }
  return root;
}

function unknownType(
  { name, owner, offset }: Reference,
  resolution: Resolution,
  file: LinkedFile,
  graph: ImportGraph,
): SourceError {
  const unseen = resolution.tried.find((tried) => graph.fileOf(tried));
  const hint =
    unseen === undefined
      ? ''
      : `; ${unseen} is in ${graph.fileOf(unseen)?.path}, which the file does not import`;
  return file.errorAt(
    offset,
    `${owner} has the unknown type ${name}: ${notFound(resolution)} in the file and its imports${hint}`,
  );
}
