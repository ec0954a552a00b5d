import { readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
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

/** Files that several entries share, each without what is in those before it. */
const LAYERS = ['errors', 'schema', 'core'];

const nameOf = (file) => relative(COMPILED, file).replace(/\.js$/, '');

export default defineConfig({
  input: Object.fromEntries(entries.map((file) => [nameOf(file), file])),
  platform: 'node',
  external: (id) => !/^[./]/.test(id),
  output: {
    dir: COMPILED,
    // Two files may have a class of one name: logs and Nest tell both by it.
    keepNames: true,
    codeSplitting: {
      groups: LAYERS.map((name, index) => ({
        debugName: name,
        priority: LAYERS.length - index,
        name: (id, bundle) => (layerOf(id, bundle) === name ? name : null),
      })),
    },
    // What is loaded later stays in its folder, beside the files that it names.
    chunkFileNames: ({ facadeModuleId, name }) =>
      facadeModuleId ? join(dirname(nameOf(facadeModuleId)), '[name].js') : `shared/${name}.js`,
  },
  plugins: [{ name: 'leave-nothing-else', writeBundle: (_, written) => removeAllBut(written) }],
});

/**
 * In which of the shared files a module of the core is. Left to itself the bundler makes one for each set
 * of entries that share something, a dozen by now, and linking those costs a start several percent.
 */
function layerOf(id, bundle) {
  const isReached = (from, later) => reachOf(bundle, resolve(COMPILED, from), later).has(id);
  if (!isReached('index.js', false) || id === resolve(COMPILED, 'index.js')) return undefined;
  // These load nothing else of the core.
  const entries = ['runtimes/onnx/index.js', 'runtimes/threads/index.js', 'client/index.js'];
  if (entries.some((entry) => isReached(entry, true))) return 'errors';
  return isReached('cli/main.js', true) ? 'schema' : 'core';
}

const reaches = new Map();

/** What an entry imports, and what that does; on request what they import later as well. */
function reachOf(bundle, entry, later) {
  const known = reaches.get(entry);
  if (known !== undefined) return known;
  const reach = new Set();
  for (const todo = [entry]; todo.length > 0;) {
    const id = todo.pop();
    if (reach.has(id)) continue;
    reach.add(id);
    const { importedIds = [], dynamicallyImportedIds = [] } = bundle.getModuleInfo(id) ?? {};
    todo.push(...importedIds, ...(later ? dynamicallyImportedIds : []));
  }
  reaches.set(entry, reach);
  return reach;
}

async function removeAllBut(written) {
  for (const file of await glob('**/*.{js,js.map}', { cwd: COMPILED })) {
    if (!Object.hasOwn(written, file)) rmSync(join(COMPILED, file));
  }
}
