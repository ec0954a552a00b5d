import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { bundledFile, isBundled, wellKnownPath } from './bundled.js';
import type { LinkedFile } from './import-graph.js';
import { parseProto } from './parser.js';

/** The text of a file; undefined where there is none. */
export type ReadText = (path: string) => string | undefined;

/** The file and all that it imports, each once, however deep the chain. */
export function loadFiles(
  entry: string,
  includeDirs: readonly string[],
  readText: ReadText,
): LinkedFile[] {
  const files = new Map<string, MutableFile>();
  const load = (path: string): MutableFile | undefined => {
    const known = files.get(path);
    if (known) return known;
    const text = readText(path);
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
    for (const { path, isPublic, isOptional } of file.imports) {
      const found = findImport(path, folders);
      const imported = found === undefined ? undefined : load(found);
      if (imported) file.imported.push({ file: imported, isPublic });
      else if (!isOptional) {
        const searched = [...new Set(folders)].join(', ');
        throw new Error(
          `expected the import "${path}" of ${file.path} in one of ${searched}, got no such file`,
        );
      }
    }
  }
  return [...files.values()];
}

interface MutableFile extends LinkedFile {
  readonly imported: { file: LinkedFile; isPublic: boolean }[];
}

function findImport(target: string, folders: readonly string[]): string | undefined {
  if (isAbsolute(target)) return target;
  const wellKnown = wellKnownPath(target);
  if (wellKnown !== undefined) return wellKnown;
  const found = folders.map((folder) => resolve(folder, target)).find(existsSync);
  return found ?? (isBundled(target) ? target : undefined);
}

/** From protobuf's own files, or from the disk. */
export function readSource(path: string): string | undefined {
  return bundledFile(path) ?? (existsSync(path) ? readFileSync(path, 'utf8') : undefined);
}
