import { readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { defineConfig } from 'rolldown';
import { glob } from 'tinyglobby';

/**
 * What is shipped: each entry of the package as one file, and what several need in a few more. Node
 * spends most of an app's start on finding and linking files, and the library is written in many small
 * ones.
 *
 * The compiled files are replaced where they are, so that the paths of package.json hold for both.
 */
const COMPILED = 'dist/src';
const { bin, exports } = JSON.parse(readFileSync('package.json', 'utf8'));
const entries = [bin, ...Object.values(exports).flatMap((entry) => entry.default ?? [])];

const nameOf = (file) => relative(COMPILED, file).replace(/\.js$/, '');

export default defineConfig({
  input: Object.fromEntries(entries.map((file) => [nameOf(file), file])),
  platform: 'node',
  external: (id) => !/^[./]/.test(id),
  output: {
    dir: COMPILED,
    // Two files may have a class of one name: logs and Nest tell both by it.
    keepNames: true,
    // What is loaded later stays in its folder, beside the files that it names.
    chunkFileNames: ({ facadeModuleId, name }) =>
      facadeModuleId ? join(dirname(nameOf(facadeModuleId)), '[name].js') : `shared/${name}.js`,
  },
  plugins: [{ name: 'leave-nothing-else', writeBundle: (_, written) => removeAllBut(written) }],
});

async function removeAllBut(written) {
  for (const file of await glob('**/*.{js,js.map}', { cwd: COMPILED })) {
    if (!Object.hasOwn(written, file)) rmSync(join(COMPILED, file));
  }
}
