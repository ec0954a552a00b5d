import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, isAbsolute, resolve } from 'node:path';
import protobuf from 'protobufjs';
import type { Root } from 'protobufjs';
import { ConfigurationError } from '../errors/index.js';

/** protobufjs knows Any, Timestamp and the like; the rarer files of google.protobuf are in its package. */
const BUNDLED =
  /^google\/protobuf\/(?:api|descriptor|json_enumvalue_options|source_context|type)\.proto$/;

/** Loads a schema file and what it imports into a root of its own. */
export function loadRoot(file: string, includeDirs: readonly string[], owner: string): Root {
  if (!existsSync(file)) {
    throw new ConfigurationError(
      `${owner}: schema expected a file, got ${file}, which does not exist`,
    );
  }
  try {
    return file.endsWith('.json') ? loadDescriptor(file) : loadProto(file, includeDirs);
  } catch (error) {
    throw new ConfigurationError(`${owner}: schema ${explain(error, file)}`, { cause: error });
  }
}

function loadDescriptor(file: string): Root {
  const json: unknown = JSON.parse(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  if (typeof json !== 'object' || json === null || !('nested' in json)) {
    throw new Error('expected a protobufjs JSON descriptor (an object with "nested")');
  }
  return protobuf.Root.fromJSON(json as protobuf.INamespace);
}

function loadProto(file: string, includeDirs: readonly string[]): Root {
  const root = new protobuf.Root();
  root.resolvePath = (origin, target) => {
    if (origin === '') return target;
    return findImport(target, [...includeDirs, dirname(origin), dirname(file)], origin);
  };
  // Original names are needed for `fieldNames: 'proto'` and to refuse what json_name replaces.
  return root.loadSync(file, { keepCase: true, alternateCommentMode: true });
}

function findImport(target: string, folders: readonly string[], origin: string): string {
  if (isAbsolute(target)) return target;
  for (const folder of folders) {
    const candidate = resolve(folder, target);
    if (existsSync(candidate)) return candidate;
  }
  if (BUNDLED.test(target)) {
    return createRequire(import.meta.url).resolve(`protobufjs/${target}`);
  }
  const searched = [...new Set(folders)].join(', ');
  throw new Error(
    `expected the import "${target}" of ${origin} in one of ${searched}, got no such file`,
  );
}

/** protobufjs ends its parse errors with "(file, line n)". */
function explain(error: unknown, file: string): string {
  // JSON.parse quotes lines of the file.
  const message = String(error instanceof Error ? error.message : error).replaceAll(/\s+/g, ' ');
  const place = /^(.*) \((?:(.*), )?line (\d+)\)$/.exec(message);
  return place ? `${place[2] ?? file}:${place[3]}: ${place[1]}` : `${file}: ${message}`;
}
