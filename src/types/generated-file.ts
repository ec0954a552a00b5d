import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { generateTypes, typesFileOf } from './generate-types.js';

/** The generated types of one .proto file, and what is on disk of them. */
export interface GeneratedFile {
  /** Of the types. */
  readonly path: string;
  /** What it should hold. */
  readonly text: string;
  /** What it holds is something else, or it is not there. */
  readonly isStale: boolean;
}

/** @param read takes the paths of the .proto files that it is made of, also where one is wrong */
export function generatedFile(
  proto: string,
  includeDirs: readonly string[],
  siblings: ReadonlySet<string>,
  read: Set<string>,
): GeneratedFile {
  const path = typesFileOf(proto);
  const text = generateTypes(proto, includeDirs, siblings, read);
  // Git may have written other ends of lines.
  const held = existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\r\n', '\n') : undefined;
  return { path, text, isStale: held !== text };
}

/** Leaves a file alone that is as it should be, so that nothing that watches it wakes up. */
export function writeIfStale({ path, text, isStale }: GeneratedFile): void {
  if (isStale) writeFileSync(path, text);
}
