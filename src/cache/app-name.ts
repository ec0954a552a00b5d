import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/**
 * The name of the app: that of the nearest package.json above its main file. Where the main file
 * is a tool's (a test runner, a process manager), or there is none, the working directory counts.
 *
 * @returns an empty string where no package.json says a name
 */
export function appName(): string {
  const main = mainFile();
  return (main && nameAbove(main)) ?? nameAbove(process.cwd()) ?? '';
}

function mainFile(): string | undefined {
  const path = process.argv[1];
  if (path === undefined || path.split(sep).includes('node_modules')) return undefined;
  try {
    return realpathSync(path);
  } catch {
    return path; // `node dist/main` goes without the file's extension
  }
}

/** Of the folder `path`, or of the nearest one above it. */
function nameAbove(path: string): string | undefined {
  const name = nameIn(path);
  if (name !== undefined) return name;
  const parent = dirname(path);
  return parent === path ? undefined : nameAbove(parent);
}

/** A build may leave a package.json that says no more than `"type"`. */
function nameIn(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof name === 'string' && name !== '' ? name : undefined;
  } catch {
    return undefined;
  }
}
