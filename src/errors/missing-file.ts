import { basename, extname } from 'node:path';

/**
 * What to do about a file that is not there. It has most often been left among the sources: builds copy
 * none but code, unless they are told to.
 */
export function adviceOnMissing(file: string): string {
  const assets = JSON.stringify([`**/*${extname(file)}`]);
  return `if ${basename(file)} is among the sources, have the build copy it: "compilerOptions": { "assets": ${assets} } in nest-cli.json, or name it by its path from the working directory`;
}
