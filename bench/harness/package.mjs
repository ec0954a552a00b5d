import { execFileSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './server.mjs';

/** A copy of all that is compiled, in which the library is as the package ships it. */
export const PACKAGE = 'dist/package';

/** Compiles the servers, which need decorators, and copies them beside a bundled library. Needs `npm run compile`. */
export function packServers() {
  run(ROOT, 'node_modules/typescript/bin/tsc', '-p', 'bench/tsconfig.json');
  const target = join(ROOT, PACKAGE);
  rmSync(target, { recursive: true, force: true });
  for (const part of [
    'package.json',
    'rolldown.config.mjs',
    'dist/src',
    'dist/bench',
    'dist/examples',
  ]) {
    cpSync(join(ROOT, part), join(target, part), { recursive: true });
  }
  run(target, join(ROOT, 'node_modules/rolldown/bin/cli.mjs'), '-c');
}

function run(cwd, ...command) {
  try {
    execFileSync(process.execPath, command, { cwd, encoding: 'utf8' });
  } catch (error) {
    console.error(error.stdout);
    process.exit(1);
  }
}
