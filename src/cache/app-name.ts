import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** What an app's package.json says of it. */
export interface AppPackage {
  readonly name?: string;
  readonly version?: string;
  readonly description?: string;
}

/** The name of the app, as its package.json says it; an empty string where none does. */
export function appName(): string {
  return appPackage().name ?? '';
}

/**
 * The nearest package.json above the app's main file that says a name. Where the main file is a tool's
 * (a test runner, a process manager), or there is none, the working directory counts.
 *
 * @returns an empty object where no package.json says a name
 */
export function appPackage(): AppPackage {
  const main = mainFile();
  return (main === undefined ? undefined : packageAbove(main)) ?? packageAbove(process.cwd()) ?? {};
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
function packageAbove(path: string): AppPackage | undefined {
  const found = packageIn(path);
  if (found !== undefined) return found;
  const parent = dirname(path);
  return parent === path ? undefined : packageAbove(parent);
}

/** A build may leave a package.json that says no more than `"type"`. */
function packageIn(folder: string): AppPackage | undefined {
  try {
    const found = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return typeof found.name === 'string' && found.name !== '' ? found : undefined;
  } catch {
    return undefined;
  }
}
