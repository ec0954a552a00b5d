import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeFile } from '../../src/types/described-file.js';
import { generateTypes } from '../../src/types/generate-types.js';
import { AppModule } from '../../examples/language-detection/app.module.js';
import { startExample } from '../examples/example-app.js';
import { offersIn } from '../client/editor.js';
import { freePort } from '../redis-server.js';
import { PAGES, ROOT } from './pages.js';

/** Where the snippets of all pages are one app: a name of a file stands for one file. */
const OUT = `${ROOT}.cache/docs`;
/** What is compiled from there. */
const DIST = `${OUT}/dist/.cache/docs`;

const SNIPPETS = PAGES.flatMap(({ snippets }) => snippets).map((snippet, index) => ({
  ...snippet,
  program: snippet.file ?? `snippet-${index}.ts`,
}));

const inLanguage = (...languages: string[]) =>
  SNIPPETS.filter(({ language }) => languages.includes(language));
const compiled = (file: string) => file.replace(/ts$/, 'js');

const SCRIPTS = inLanguage('ts');
const SPECS = SCRIPTS.filter(({ program }) => program.endsWith('.spec.ts'));
const MAINS = SCRIPTS.filter(({ text }) => text.includes('await serve('));
const FIRST = SCRIPTS.filter(({ program }) => program === 'app.module.ts');
/** Parts of an app that show neither its module nor its start. */
const PARTS = SCRIPTS.filter((snippet) => ![...SPECS, ...MAINS, ...FIRST].includes(snippet));

/** Where a snippet's imports are, seen from where it is compiled. */
function withSources(text: string): string {
  return text
    .replace(/(['"])nestjs-model-serving\1/g, `'../../src/index.js'`)
    .replace(/'nestjs-model-serving\/client'/g, `'../../src/client/index.js'`)
    .replace(/'nestjs-model-serving\/openapi'/g, `'../../src/openapi/index.js'`)
    .replace(/'nestjs-model-serving\/open-inference'/g, `'../../src/open-inference/index.js'`)
    .replace(/'nestjs-model-serving\/grpc'/g, `'../../src/grpc/index.js'`)
    .replace(/'nestjs-model-serving\/jobs'/g, `'../../src/jobs/index.js'`)
    .replace(/'nestjs-model-serving\/testing'/g, `'../../src/testing/index.js'`)
    .replace(/'nestjs-model-serving\/(\w+)'/g, `'../../src/runtimes/$1/index.js'`);
}

/** Loads every part and serves its endpoints. */
const SERVE_THE_PARTS = `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { ModelServingModule, serve } from '../../src/index.js';
const files = process.argv.slice(2);
const exported = (await Promise.all(files.map((file) => import(file)))).flatMap(Object.values);
const classes = exported.filter((value) => typeof value === 'function');
class AppModule {}
Module({
  imports: [ModelServingModule.forRoot()],
  controllers: classes.filter((type) => Reflect.hasMetadata('__controller__', type)),
  providers: classes.filter((type) => Reflect.hasMetadata('__injectable__', type)),
})(AppModule);
await serve(AppModule);
`;

const servers: ChildProcess[] = [];

beforeAll(async () => {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(DIST, { recursive: true });
  for (const { program, text } of SCRIPTS) writeFileSync(`${OUT}/${program}`, withSources(text));
  // The types that the command would write.
  for (const { file, text } of inLanguage('proto')) writeFileSync(`${OUT}/${file}`, text);
  for (const { file } of inLanguage('proto')) {
    const types = generateTypes(describeFile(`${OUT}/${file}`, []), [], new Set());
    writeFileSync(`${OUT}/${file}.ts`, withSources(types));
  }
  // Beside the compiled code, which looks for them there.
  for (const { file, text } of inLanguage('proto', 'js')) writeFileSync(`${DIST}/${file}`, text);
  writeFileSync(`${DIST}/parts.mjs`, SERVE_THE_PARTS);
  // Else Vitest takes the one of this repository.
  writeFileSync(`${DIST}/vitest.config.mjs`, 'export default {};\n');
  // The model that a snippet names, as a user would have it in the working directory.
  copyFileSync(`${ROOT}examples/iris/iris.onnx`, `${OUT}/iris.onnx`);
  copyFileSync(`${ROOT}examples/picture/circle.png`, `${OUT}/cat.jpg`);
  writeFileSync(
    `${OUT}/tsconfig.json`,
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: {
        rootDir: '../..',
        outDir: 'dist',
        declaration: false,
        noUnusedLocals: false,
      },
      // A thread's file is imported by name only.
      include: ['*.ts', '../../src'],
    }),
  );
}, 120_000);

afterAll(() => servers.forEach((server) => server.kill()));

test('every snippet is of a kind that is tested here, or a picture', () => {
  const known = ['ts', 'js', 'proto', 'sh', 'json', 'jsonc', 'text', 'dockerfile', ''];
  const places = SNIPPETS.filter(({ language }) => !known.includes(language));
  expect(places.map(({ place, language }) => `${place} ${language}`)).toEqual([]);
});

test('no two snippets are one file, and what is no TypeScript says which it is', () => {
  const files = inLanguage('ts', 'js', 'proto').map(({ program }) => program);
  expect([...new Set(files)]).toEqual(files);
  expect(inLanguage('js', 'proto').filter(({ file }) => file === undefined)).toEqual([]);
});

test('every TypeScript snippet compiles', { timeout: 120_000 }, () => {
  const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', OUT], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test('the call that the README shows completes in an editor', () => {
  const call = SCRIPTS.find(
    ({ place, text }) => place.startsWith('README.md') && text.includes('createClient'),
  );
  const marked = withSources(call!.text).replace('{ name }', '{ | }');
  const answer = `greet('').then((answer) => answer.|);\n`;
  expect(offersIn(`${OUT}/in-an-editor.ts`, marked + answer)).toEqual([
    ['name', 'scores'],
    ['greeting', 'mean'],
  ]);
});

/** Runs a compiled file until it serves; the URL. */
async function start(file: string, ...args: string[]): Promise<string> {
  const port = await freePort();
  const server = spawn(process.execPath, [`${DIST}/${file}`, ...args], {
    cwd: OUT,
    env: { ...process.env, NODE_ENV: undefined, PORT: String(port), LOG_LEVEL: 'log' },
  });
  servers.push(server);
  await new Promise<void>((resolve, reject) => {
    let output = '';
    const listen = (chunk: Buffer) => {
      output += String(chunk);
      if (output.includes('Serving on')) resolve();
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    server.once('exit', () => reject(new Error(output)));
  });
  return `http://127.0.0.1:${port}`;
}

test('the tests that are shown pass', { timeout: 120_000 }, () => {
  const { stdout, status } = spawnSync(
    process.execPath,
    [`${ROOT}node_modules/vitest/vitest.mjs`, 'run', '--root', DIST],
    { encoding: 'utf8', env: { ...process.env, VITEST: undefined, NODE_ENV: undefined } },
  );
  for (const { program } of SPECS) expect(stdout).toContain(compiled(program));
  expect(status, stdout).toBe(0);
});

let first: string;
let parts: string;
let ofGrpc: string;
let ofTensors: string;

test.each(MAINS)('$place starts', { timeout: 120_000 }, async ({ program }) => {
  const url = await start(compiled(program));
  if (program === 'main.ts') first = url;
  if (program === 'translator.main.ts') ofGrpc = url;
  if (program === 'digits.main.ts') ofTensors = url;
});

test('the client of gRPC is answered', async () => {
  const { host } = new URL(ofGrpc);
  const ask = `const { translate } = await import('${DIST}/translator.client.js');
    console.log(await translate('hello', '${host}'));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', ask],
    { cwd: OUT },
  );
  expect(stdout).toBe('HELLO\n');
});

test('the client of Open Inference is answered', async () => {
  const ask = `const { digits } = await import('${DIST}/digits.client.js');
    console.log(JSON.stringify(await digits([[0, 0, 0, 1], [9, 0, 0, 0]], '${ofTensors}')));`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '-e', ask],
    { cwd: OUT },
  );
  expect(stdout).toBe('[3,0]\n');
});

test('so do the parts of apps', { timeout: 120_000 }, async () => {
  parts = await start('parts.mjs', ...PARTS.map(({ program }) => `./${compiled(program)}`));
});

const isOfFirst = (path: string) => FIRST.some(({ text }) => text.includes(`'${path}'`));

const CALLS = SNIPPETS.flatMap(({ place, language, text }, index) => {
  const commands =
    language === 'sh' ? text.split('\n').filter((line) => /^\s*curl/.test(line)) : [];
  return commands.map((command) => {
    const [, streams, path, accept = '*/*', body] =
      /^curl( -N)? localhost:8000(\/\S+)?(?: -H 'Accept: (.*)')? -d '(.*)'$/.exec(command) ?? [];
    const next = SNIPPETS[index + 1];
    const answer = next?.language === (streams ? 'text' : 'json') ? next!.text : undefined;
    const [, otherPath] = /^curl localhost:8000(\/\w+)\S* -[FH] /.exec(command) ?? [];
    return { place, command, streams, path: path ?? otherPath ?? '/', accept, body, answer };
  });
});
/** All others are to endpoints of the pages. */
const CALLS_OF_EXAMPLES = CALLS.filter(({ path }) => path === '/');
const OWN_CALLS = CALLS.filter(({ path }) => path !== '/');

test('every call has an answer below it, and every answer a call above it', () => {
  expect(OWN_CALLS.filter(({ answer }) => !answer)).toEqual([]);
  expect(OWN_CALLS).toHaveLength(inLanguage('json', 'text').length);
});

test.each(OWN_CALLS)('$place: $command is answered as it says', async (call) => {
  const { streams, path, accept, body, answer, command } = call;
  const url = isOfFirst(path) ? first : parts;
  // What is no JSON is curl's to send.
  const text =
    body === undefined
      ? await curl(command.replace('localhost:8000', url))
      : await fetch(url + path, { method: 'POST', body, headers: { accept } }).then((response) =>
          response.text(),
        );
  if (streams) {
    expect(text).toBe(answer);
    return;
  }
  const received = JSON.parse(text) as object;
  const expected = JSON.parse(answer!) as object;
  // The id is another one each time.
  const id = 'requestId' in expected ? { requestId: expect.any(String) } : {};
  expect(received).toEqual({ ...(nearly(expected) as object), ...id });
});

test.each(CALLS_OF_EXAMPLES)('$place: the main example takes $body', async ({ body }) => {
  const example = await startExample(AppModule, 'express');
  expect((await example.post('/', JSON.parse(body!))).status).toBe(200);
});

/** Runs a command beside the files that the pages name. */
async function curl(command: string): Promise<string> {
  return (await promisify(execFile)('sh', ['-c', `${command} -s`], { cwd: OUT })).stdout;
}

/** Processors differ in the last digits of what a model computes. */
function nearly(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 6);
  if (Array.isArray(value)) return value.map(nearly);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nearly(item)]));
}

test('what the snippets put beside the code is copied by the build they show', () => {
  for (const { text } of inLanguage('jsonc')) {
    const { compilerOptions } = JSON.parse(text) as { compilerOptions: { assets: string[] } };
    for (const { file } of inLanguage('js', 'proto'))
      expect(compilerOptions.assets).toContain(`**/*.${file!.split('.').at(-1)}`);
  }
});

test('the scripts that commands run are there', () => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  for (const { text } of inLanguage('sh', 'dockerfile'))
    for (const [, script] of text.matchAll(/npm run (\w+)/g))
      expect(scripts).toHaveProperty(script!);
});
