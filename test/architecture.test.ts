import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const DEPCRUISE = resolve('node_modules/.bin/depcruise');
const CONFIG = resolve('.dependency-cruiser.cjs');

/** What the architecture check says of a house of these files. */
async function complaintsAbout(files: Record<string, string>): Promise<string> {
  const house = await mkdtemp(join(tmpdir(), 'architecture-'));
  onTestFinished(() => rm(house, { recursive: true }));
  const config = { compilerOptions: { module: 'nodenext', strict: true } };
  for (const [path, text] of Object.entries({
    ...files,
    'tsconfig.json': JSON.stringify(config),
  })) {
    await mkdir(dirname(join(house, path)), { recursive: true });
    await writeFile(join(house, path), text);
  }
  const checked = run(DEPCRUISE, ['--config', CONFIG, 'src'], { cwd: house });
  return checked.then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

/** A file that uses another, so that the import is not only there but counts. */
const importing = (path: string) => `import { one } from '${path}';\nexport const two = one;\n`;
const ONE = 'export const one = 1;\n';

it('lets rooms import from those below', async () => {
  const said = await complaintsAbout({
    'src/routing/route.ts': importing('../http/reply.js'),
    'src/http/reply.ts': importing('../endpoint/endpoint.js'),
    'src/endpoint/endpoint.ts': ONE,
  });
  expect(said).toContain('no dependency violations');
});

it('finds an import that runs up, a transport in the core, and a circle', async () => {
  const said = await complaintsAbout({
    'src/endpoint/up.ts': importing('../http/reply.js'),
    'src/http/reply.ts': ONE,
    'src/interceptors/transport.ts':
      "import type { IncomingMessage } from 'node:http';\nexport type Request = IncomingMessage;\n",
    'src/cache/a.ts': importing('./b.js'),
    'src/cache/b.ts': "import { two } from './a.js';\nexport const one = two;\n",
  });
  expect(said).toMatch(/endpoint-imports-down: src\/endpoint\/up\.ts/);
  expect(said).toMatch(/core-knows-no-transport: src\/interceptors\/transport\.ts/);
  expect(said).toMatch(/no-circular: src\/cache\//);
});

it('keeps the generator of types and its command out of an app, and an app out of them', async () => {
  const said = await complaintsAbout({
    'src/schema/up.ts': importing('../types/layout.js'),
    'src/types/layout.ts': ONE,
    'src/types/way.ts': importing('../endpoint/endpoint.js'),
    'src/cli/main.ts': importing('../endpoint/endpoint.js'),
    'src/bench/step.ts': importing('../endpoint/endpoint.js'),
    'src/gate/gate.ts': importing('../bench/rates.js'),
    'src/bench/rates.ts': "export { request as one } from 'node:http';\n",
    'src/endpoint/endpoint.ts': ONE,
  });
  expect(said).toMatch(/core-loads-no-generator: src\/schema\/up\.ts/);
  expect(said).toMatch(/types-stand-on-the-schema: src\/types\/way\.ts/);
  expect(said).toMatch(/cli-stands-alone: src\/cli\/main\.ts/);
  expect(said).toMatch(/bench-stands-alone: src\/bench\/step\.ts/);
  expect(said).toMatch(/core-loads-no-bench: src\/gate\/gate\.ts/);
  expect(said).not.toMatch(/src\/bench\/rates\.ts → node:http/);
});

it('finds what would not run in a browser, and a server that loads its client', async () => {
  const said = await complaintsAbout({
    'src/client/errors.ts': importing('../errors/one.js'),
    'src/client/events.ts': "import { once } from 'node:events';\nexport const two = once;\n",
    'src/client/types.ts':
      "import type { one } from '../errors/one.js';\nexport type Two = typeof one;\n",
    'src/errors/one.ts': ONE,
    'src/gate/retry.ts': importing('../client/retry.js'),
    'src/client/retry.ts': ONE,
  });
  expect(said).toMatch(/client-stands-alone: src\/client\/errors\.ts/);
  expect(said).toMatch(/client-stands-alone: src\/client\/events\.ts/);
  expect(said).toMatch(/client-stands-alone: src\/client\/types\.ts/);
  expect(said).toMatch(/server-loads-no-client: src\/gate\/retry\.ts/);
});

it('keeps what documents an app out of it, but for a page that is asked for', async () => {
  const asking = (path: string) => `export const page = () => import('${path}');\n`;
  const said = await complaintsAbout({
    'src/openapi/page/page.ts': ONE,
    'src/serve/docs.ts': asking('../openapi/page/page.js'),
    'src/serve/serve.ts': asking('../openapi/page/page.js'),
    'src/routing/route.ts': importing('../openapi/page/page.js'),
  });
  expect(said).toMatch(/core-loads-no-openapi: src\/serve\/serve\.ts/);
  expect(said).toMatch(/core-loads-no-openapi: src\/routing\/route\.ts/);
  expect(said).not.toMatch(/src\/serve\/docs\.ts/);
  const eager = {
    'src/openapi/page.ts': ONE,
    'src/serve/docs.ts': importing('../openapi/page.js'),
  };
  expect(await complaintsAbout(eager)).toMatch(/serve-loads-a-page-when-asked/);
});

it('keeps what an app without an SDK has no use for out of it', async () => {
  const said = await complaintsAbout({
    'src/tracing/opentelemetry/spans.ts': ONE,
    'src/tracing/load.ts': "export const load = () => import('./opentelemetry/spans.js');\n",
    'src/gate/end.ts': importing('../tracing/opentelemetry/spans.js'),
  });
  expect(said).toMatch(/core-loads-traces-when-there-is-an-sdk: src\/gate\/end\.ts/);
  expect(said).not.toMatch(/src\/tracing\/load\.ts/);
});
