import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Compiles the programs that tests start as processes of their own, with the sources they import. */
export default function compileFixtures(): void {
  const root = fileURLToPath(new URL('../', import.meta.url));
  const out = `${root}node_modules/.cache/serve-fixtures`;
  mkdirSync(out, { recursive: true });
  writeFileSync(`${out}/package.json`, '{ "type": "module" }\n');
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
