import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describeFile } from './described-file.js';
import { generateJsonSchema } from './generate-json-schema.js';
import { generateTypes } from './generate-types.js';
import { markOf } from './mark.js';

/** A file that is generated of a .proto file, and what is on disk of it. */
export interface GeneratedFile {
  readonly path: string;
  /** What it should hold. */
  readonly text: string;
  /** What it holds is something else, or it is not there. */
  readonly isStale: boolean;
}

/** What is generated, and of what. */
export interface Generation {
  /** Where imports are looked for first. */
  readonly includeDirs: readonly string[];
  /** All files that have types of their own. */
  readonly protos: ReadonlySet<string>;
  readonly withJsonSchema: boolean;
}

const TYPES = '.proto.ts';
const REQUEST = '.request.schema.json';
const RESPONSE = '.response.schema.json';

/** How their names end: each has the name of its .proto before that. */
export const GENERATED = [TYPES, REQUEST, RESPONSE] as const;

/** @param read takes the paths of the .proto files that they are made of, also where one is wrong */
export function generatedFiles(
  proto: string,
  { includeDirs, protos, withJsonSchema }: Generation,
  read: Set<string>,
): GeneratedFile[] {
  const described = describeFile(proto, includeDirs, read);
  const stem = proto.replace(/\.proto$/, '');
  const files = [fileOf(stem + TYPES, generateTypes(described, includeDirs, protos))];
  if (withJsonSchema) {
    files.push(fileOf(stem + REQUEST, generateJsonSchema(described, 'request')));
    files.push(fileOf(stem + RESPONSE, generateJsonSchema(described, 'response')));
  }
  return files;
}

/** The .proto of a generated file, where that is there no more. */
export function lostSourceOf(path: string): string | undefined {
  const ending = GENERATED.find((known) => path.endsWith(known));
  if (ending === undefined) return undefined;
  const proto = `${path.slice(0, -ending.length)}.proto`;
  const isLost = !existsSync(proto) && readFileSync(path, 'utf8').includes(markOf(proto));
  return isLost ? proto : undefined;
}

function fileOf(path: string, text: string): GeneratedFile {
  // Git may have written other ends of lines.
  const held = existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\r\n', '\n') : undefined;
  return { path, text, isStale: held !== text };
}

/** Leaves a file alone that is as it should be, so that nothing that watches it wakes up. */
export function writeIfStale({ path, text, isStale }: GeneratedFile): void {
  if (isStale) writeFileSync(path, text);
}
