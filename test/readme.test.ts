import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    .replace(/'nestjs-model-serving\/(\w+)'/g, `'../../src/runtimes/$1/index.js'`);
}

let server: ChildProcess | undefined;
let url: string;

beforeAll(async () => {
  rmSync(OUT, { recursive: true, force: true });
  mkdirSync(`${OUT}/dist/.cache/readme`, { recursive: true });
  SNIPPETS.forEach(({ language, text, file }, index) => {
    if (language === 'ts')
      writeFileSync(`${OUT}/${file ?? `snippet-${index}.ts`}`, withSources(text));
    // Beside the compiled code, which looks for it there.
    if (language === 'proto') writeFileSync(`${OUT}/dist/.cache/readme/${file}`, text);
  });
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
      include: ['*.ts'],
    }),
  );
}, 60_000);

afterAll(() => void server?.kill());

test('every TypeScript snippet compiles', { timeout: 60_000 }, () => {
  const tsc = `${ROOT}node_modules/typescript/bin/tsc`;
  const { stdout, status } = spawnSync(process.execPath, [tsc, '-p', OUT], { encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

test('the first endpoint starts', async () => {
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  server = spawn(process.execPath, [`${OUT}/dist/.cache/readme/main.js`], {
    env: { ...process.env, NODE_ENV: undefined, PORT: String(port), LOG_LEVEL: 'log' },
  });
  await new Promise<void>((resolve, reject) => {
    let output = '';
    const listen = (chunk: Buffer) => {
      output += String(chunk);
      if (output.includes('Serving on')) resolve();
    };
    server!.stdout!.on('data', listen);
    server!.stderr!.on('data', listen);
    server!.once('exit', () => reject(new Error(output)));
  });
});

const calls = SNIPPETS.flatMap(({ language, text }, index) => {
  const [, path, body] = /^curl localhost:8000(\/\w+) -d '(.*)'$/m.exec(text) ?? [];
  const answer = SNIPPETS[index + 1];
  return language === 'sh' && path && answer?.language === 'json'
    ? [{ path, body: body!, answer: JSON.parse(answer.text) as Record<string, unknown> }]
    : [];
});

test('the calls of the first endpoint are found', () => expect(calls).toHaveLength(2));

test.each(calls)('$body is answered as the README says', async ({ path, body, answer }) => {
  const response = await fetch(url + path, { method: 'POST', body });
  const { requestId: _, ...expected } = answer;
  expect(await response.json()).toMatchObject(expected);
});
