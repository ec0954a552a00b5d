import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeFile } from '../../src/types/described-file.js';
import { generateTypes } from '../../src/types/generate-types.js';
import { folderOf } from './project.js';

/** A folder of .proto files and their types, each beside its own. */
export function generatedFolder(files: Readonly<Record<string, string>>): string {
  const folder = folderOf(files);
  const protos = Object.keys(files).filter((name) => name.endsWith('.proto'));
  const siblings = new Set(protos.map((name) => join(folder, name)));
  for (const proto of siblings)
    writeFileSync(`${proto}.ts`, generateTypes(describeFile(proto, [folder]), [folder], siblings));
  return folder;
}
