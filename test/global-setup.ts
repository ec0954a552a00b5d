import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Package {
  readonly name: string;
  readonly version: string;
}

/** Compiles the programs that tests start as processes of their own, with the sources they import. */
export default function compileFixtures(): void {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const out = `${root}node_modules/.cache/serve-fixtures`;
  mkdirSync(out, { recursive: true });
  // The compiled sources are a package of their own, whose version they read as they do at home.
  const { name, version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Package;
  const exports = { './package.json': './package.json' };
  const manifest = { name, version, type: 'module', exports };
  writeFileSync(`${out}/package.json`, JSON.stringify(manifest));
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '-p', `${root}test/serve/fixtures`],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`The fixtures do not compile:\n${stdout}`);
}
