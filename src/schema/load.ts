import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { ReflectionObject, Root } from 'protobufjs';
import { adviceOnMissing, ConfigurationError } from '../errors/index.js';
import { NameIndex } from './name-index.js';
import type { LinkedFile } from './proto/import-graph.js';
import { link } from './proto/linker.js';
import { SourceError } from './proto/source-error.js';
import { DISK, inMemory, loadFiles, type Sources } from './proto/source-files.js';
import type { EmbeddedFiles } from './schema-source.js';

/** What a file and its imports declare. */
export interface LoadedFile {
  readonly names: NameIndex;
  /** The package of the file itself. */
  readonly packageName: string;
}

interface CacheEntry extends LoadedFile {
  /** A digest of each text it was made from, by path. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Endpoints often share a file. What is loaded is read only, so that they can share it as well. */
const cache = new Map<string, CacheEntry>();

/**
 * Loads a schema file and what it imports into a root of its own: once a process, unless one of
 * the files has changed since.
 */
export function loadFile(file: string, includeDirs: readonly string[], owner: string): LoadedFile {
  if (!existsSync(file)) {
    throw new ConfigurationError(
      `${owner}: schema expected a file, got ${file}, which does not exist; ${adviceOnMissing(file)}`,
    );
  }
  try {
    const key = JSON.stringify([file, includeDirs]);
    const known = cache.get(key);
    if (known && isCurrent(known)) return known;
    const digests = new Map<string, string>();
    const sources: Sources = {
      ...DISK,
      read(path) {
        const text = DISK.read(path);
        if (text !== undefined) digests.set(path, digest(text));
        return text;
      },
    };
    const loaded = file.endsWith('.json')
      ? { names: loadDescriptor(sources.read(file) ?? ''), packageName: '', digests }
      : { ...loadProto(file, includeDirs, sources), digests };
    cache.set(key, loaded);
    return loaded;
  } catch (error) {
    throw new ConfigurationError(`${owner}: schema ${explain(error, file)}`, { cause: error });
  }
}

const embedded = new WeakMap<EmbeddedFiles['files'], Map<string, LoadedFile>>();

/** The same for files in memory, which do not change. */
export function loadEmbedded(
  { file, files }: EmbeddedFiles,
  includeDirs: readonly string[],
  owner: string,
): LoadedFile {
  let loaded = embedded.get(files);
  if (!loaded) embedded.set(files, (loaded = new Map()));
  const key = JSON.stringify([file, includeDirs]);
  const known = loaded.get(key);
  if (known) return known;
  if (!Object.hasOwn(files, file)) {
    throw new ConfigurationError(
      `${owner}: schema expected one of its files (${Object.keys(files).join(', ')}), got "${file}"`,
    );
  }
  try {
    const entry = loadProto(file, includeDirs, inMemory(files));
    loaded.set(key, entry);
    return entry;
  } catch (error) {
    throw new ConfigurationError(`${owner}: schema ${explain(error, file)}`, { cause: error });
  }
}

function isCurrent({ digests }: CacheEntry): boolean {
  return [...digests].every(([path, known]) => {
    const text = DISK.read(path);
    return text !== undefined && digest(text) === known;
  });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}

function loadProto(file: string, includeDirs: readonly string[], sources: Sources): LoadedFile {
  const files = loadFiles(file, includeDirs, sources);
  return { names: indexed(files), packageName: files[0]?.packageName ?? '' };
}

/** Resolves what the files declare. */
export function indexed(files: readonly LinkedFile[]): NameIndex {
  const root = link(files);
  const names = new NameIndex(root);
  findAtOnce(root, names);
  return names.resolve();
}

/** protobufjs finds a full name segment by segment, and copies the rest of it at each. */
function findAtOnce(root: Root, names: NameIndex): void {
  const lookup: Lookup = root.lookup.bind(root);
  const findFirst: Lookup = (path, filterTypes, parentAlreadyChecked) => {
    const found = Array.isArray(path) ? names.find(path.join('.')) : undefined;
    const isWanted =
      found && (!Array.isArray(filterTypes) || filterTypes.includes(found.constructor));
    return isWanted ? found : lookup(path, filterTypes, parentAlreadyChecked);
  };
  root.lookup = findFirst;
}

type Lookup = (
  path: string | string[],
  filterTypes: unknown,
  parentAlreadyChecked?: boolean,
) => ReflectionObject | null;

function loadDescriptor(text: string): NameIndex {
  const json: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  if (typeof json !== 'object' || json === null || !('nested' in json)) {
    throw new Error('expected a protobufjs JSON descriptor (an object with "nested")');
  }
  const { nested, options } = json as protobuf.INamespace;
  return new NameIndex(new protobuf.Root(options).addJSON(nested ?? {})).resolve();
}

function explain(error: unknown, file: string): string {
  // JSON.parse quotes lines of the file.
  const message = String(error instanceof Error ? error.message : error).replaceAll(/\s+/g, ' ');
  return error instanceof SourceError ? message : `${file}: ${message}`;
}
