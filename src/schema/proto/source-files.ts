import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, posix, resolve } from 'node:path';
import { bundledFile, isBundled, wellKnownPath } from './bundled.js';
import type { LinkedFile } from './import-graph.js';
import { parseProto } from './parser.js';

/** Where the texts of .proto files are. */
export interface Sources {
  /** The path of a file as seen from a folder. */
  resolve(folder: string, target: string): string;
  has(path: string): boolean;
  /** Of a file that is not there, undefined. */
  read(path: string): string | undefined;
}

export const DISK: Sources = {
  resolve,
  has: existsSync,
  read: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined),
};

/** Files in memory, by paths that begin nowhere in particular: `a.proto`, `../common/b.proto`. */
export function inMemory(files: Readonly<Record<string, string>>): Sources {
  return {
    resolve: (folder, target) => posix.join(folder, target),
    has: (path) => Object.hasOwn(files, path),
    read: (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
  };
}

/** The file and all that it imports, each once, however deep the chain. */
export function loadFiles(
  entry: string,
  includeDirs: readonly string[],
  sources: Sources,
): LinkedFile[] {
  const files = new Map<string, MutableFile>();
  const load = (path: string): MutableFile | undefined => {
    const known = files.get(path);
    if (known) return known;
    const text = bundledFile(path) ?? sources.read(path);
    if (text === undefined) return undefined;
    const file = { ...parseProto(text, path), imported: [] };
    files.set(path, file);
    return file;
  };

  load(entry);
  // A map can be walked while it grows.
  for (const file of files.values()) {
    // protobuf's own files lie in no folder.
    const own = isBundled(file.path) ? [] : [dirname(file.path)];
    const folders = [...includeDirs, ...own, dirname(entry)];
    for (const { path, isPublic, isOptional, offset } of file.imports) {
      const found = findImport(path, folders, sources);
      const imported = found === undefined ? undefined : load(found);
      if (imported) file.imported.push({ file: imported, isPublic });
      else if (!isOptional) {
        const searched = [...new Set(folders)].join(', ');
        throw file.errorAt(
          offset,
          `expected the import "${path}" of the file in one of ${searched}, got no such file`,
        );
      }
    }
  }
  return [...files.values()];
}

interface MutableFile extends LinkedFile {
  readonly imported: { file: LinkedFile; isPublic: boolean }[];
}

function findImport(
  target: string,
  folders: readonly string[],
  sources: Sources,
): string | undefined {
  if (isAbsolute(target)) return target;
  const wellKnown = wellKnownPath(target);
  if (wellKnown !== undefined) return wellKnown;
  const found = folders
    .map((folder) => sources.resolve(folder, target))
    .find((path) => sources.has(path));
  return found ?? (isBundled(target) ? target : undefined);
}
