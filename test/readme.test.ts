import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from './redis-server.js';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const OUT = `${ROOT}.cache/readme`;

interface Snippet {
  readonly language: string;
  readonly text: string;
  /** From the first line, where it is a comment that names the file. */
  readonly file: string | undefined;
}

const SNIPPETS: readonly Snippet[] = [
  ...readFileSync(`${ROOT}README.md`, 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms),
].map(([, language, text]) => ({
  language: language!,
  text: text!,
  file: /^\/\/ (\S+\.\w+)\n/.exec(text!)?.[1],
}));

/** Where a snippet's imports are, seen from where it is compiled. */
function withSources(text: string): string {
  return text
    .replace(/'nestjs-model-serving'/g, `'../../src/index.js'`)
    .replace(/'nestjs-model-serving\/testing'/g, `'../../src/testing/index.js'`)
    .replace(/'nestjs-model-serving\/(\w+)'/g, `'../../src/runtimes/$1/index.js'`);
}

/** Serves every endpoint that a snippet shows without serving it. */
const SERVE_THE_REST = `
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { ModelServingModule, serve } from '../../src/index.js';
const files = process.argv.slice(2);
const classes = (await Promise.all(files.map((file) => import(file)))).flatMap(Object.values);
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
  mkdirSync(`${OUT}/dist/.cache/readme`, { recursive: true });
  SNIPPETS.forEach(({ language, text, file }, index) => {
    if (language === 'ts')
      writeFileSync(`${OUT}/${file ?? `snippet-${index}.ts`}`, withSources(text));
    // Beside the compiled code, which looks for them there.
    if (language === 'proto' || language === 'js')
      writeFileSync(`${OUT}/dist/.cache/readme/${file}`, text);
  });
  writeFileSync(`${OUT}/dist/.cache/readme/rest.mjs`, SERVE_THE_REST);
  // Else Vitest takes the one of this repository.
  writeFileSync(`${OUT}/dist/.cache/readme/vitest.config.mjs`, 'export default {};\n');
  // The model that a snippet names, as a user would have it in the working directory.
  copyFileSync(`${ROOT}examples/iris/iris.onnx`, `${OUT}/iris.onnx`);
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
}, 60_000);

afterAll(() => servers.forEach((server) => server.kill()));

test('every TypeScript snippet compiles', { timeout: 60_000 }, () => {
  const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', OUT], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

/** Runs a compiled file until it serves; the URL. */
async function start(file: string, ...args: string[]): Promise<string> {
  const port = await freePort();
  const server = spawn(process.execPath, [`${OUT}/dist/.cache/readme/${file}`, ...args], {
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

test('the tests of the first endpoint pass', { timeout: 60_000 }, () => {
  const { stdout, status } = spawnSync(
    process.execPath,
    [`${ROOT}node_modules/vitest/vitest.mjs`, 'run', '--root', `${OUT}/dist/.cache/readme`],
    { encoding: 'utf8', env: { ...process.env, VITEST: undefined, NODE_ENV: undefined } },
  );
  expect(stdout).toContain('greeter.spec.js');
  expect(status, stdout).toBe(0);
});

let first: string;
let rest: string;

test('the first endpoint starts', { timeout: 60_000 }, async () => {
  first = await start('main.js');
});

test('so do all others', { timeout: 60_000 }, async () => {
  const files = SNIPPETS.flatMap(({ language, text, file }, index) =>
    language === 'ts' && file !== 'app.module.ts' && text.includes('@ModelEndpoint(')
      ? [`./${(file ?? `snippet-${index}.ts`).replace(/ts$/, 'js')}`]
      : [],
  );
  rest = await start('rest.mjs', ...files);
});

const isOfFirst = (path: string) =>
  SNIPPETS.some(({ file, text }) => file === 'app.module.ts' && text.includes(`'${path}'`));

const calls = SNIPPETS.flatMap(({ language, text }, index) => {
  const [, path, body] = /^curl localhost:8000(\/\S+) -d '(.*)'$/m.exec(text) ?? [];
  const answer = SNIPPETS[index + 1];
  return language === 'sh' && path && answer?.language === 'json'
    ? [{ path, body: body!, answer: JSON.parse(answer.text) as Record<string, unknown> }]
    : [];
});

test('every answer has a call above it', () => {
  expect(calls).toHaveLength(SNIPPETS.filter(({ language }) => language === 'json').length);
});

test.each(calls)('$path answers $body as the README says', async ({ path, body, answer }) => {
  const url = isOfFirst(path) ? first : rest;
  const response = await fetch(url + path, { method: 'POST', body });
  const received = (await response.json()) as object;
  // The id is another one each time.
  const id = 'requestId' in answer ? { requestId: expect.any(String) } : {};
  expect(received).toEqual({ ...(nearly(answer) as object), ...id });
});

/** Processors differ in the last digits of what a model computes. */
function nearly(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 6);
  if (Array.isArray(value)) return value.map(nearly);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, nearly(item)]));
}
