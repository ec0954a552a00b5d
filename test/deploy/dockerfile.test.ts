import { DockerfileParser, type Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePort } from '../redis-server.js';
import { FixtureProcess } from '../serve/fixture-process.js';
import { DEPLOY } from './documents.js';

const FILE = `${DEPLOY}/Dockerfile`;
const TEXT = readFileSync(FILE, 'utf8');
const require = createRequire(import.meta.url);

const dockerfile = DockerfileParser.parse(TEXT);
const all = (keyword: string): Instruction[] =>
  dockerfile.getInstructions().filter((instruction) => instruction.getKeyword() === keyword);
const only = (keyword: string): Instruction => {
  const found = all(keyword);
  expect(found).toHaveLength(1);
  return found[0]!;
};
/** The command of an instruction in the form of an array, past its flags. */
const command = (instruction: Instruction): string[] =>
  JSON.parse(/\[.*\]$/s.exec(instruction.getTextContent())![0]) as string[];

describe('Dockerfile', () => {
  test('is valid, and dockerfilelint has nothing to say', () => {
    expect(validate(TEXT).map(({ message }) => message)).toEqual([]);
    const lint = require.resolve('dockerfilelint/bin/dockerfilelint');
    const { status, stdout } = spawnSync(process.execPath, [lint, FILE], { encoding: 'utf8' });
    expect(status, stdout).toBe(0);
  });

  test.each([
    ['HEALTHCHECK --interval', 'HEALTHCHECK --interva'],
    ['COPY . .', 'COPY .'],
    ['EXPOSE 8000', 'EXPOSE http-port'],
    ['WORKDIR /app', 'WORKDIRS /app'],
  ])('a mistake is found: %s as %s', (right, wrong) => {
    expect(validate(TEXT.replace(right, wrong))).not.toEqual([]);
  });

  test('ends in a stage that is not root, and runs Node without anything before it', () => {
    const { line } = all('FROM').at(-1)!.getRange().start;
    const user = only('USER');
    expect(user.getRange().start.line).toBeGreaterThan(line);
    expect(user.getArgumentsContent()).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(command(only('CMD'))).toEqual(['node', 'dist/main.js']);
    expect(all('ENTRYPOINT')).toEqual([]);
  });

  test('copies from stages that there are', () => {
    const stages = all('FROM').flatMap(
      (from) => / AS (\S+)/.exec(from.getTextContent())?.[1] ?? [],
    );
    const used = all('COPY').flatMap(
      (copy) => /--from=(\S+)/.exec(copy.getTextContent())?.[1] ?? [],
    );
    expect(used.toSorted()).toEqual(stages.toSorted());
  });

  test('keeps what ONNX Runtime has for this platform, and nothing else of it', () => {
    const folder = mkdtempSync(`${tmpdir()}/image-`);
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const bin = `${folder}/node_modules/onnxruntime-node/bin/napi-v6`;
    const here = `${process.platform}/${process.arch}`;
    for (const there of new Set(['linux/x64', 'linux/arm64', 'darwin/arm64', 'win32/x64', here])) {
      mkdirSync(`${bin}/${there}`, { recursive: true });
      writeFileSync(`${bin}/${there}/onnxruntime_binding.node`, '');
    }
    const step = all('RUN').find((run) => run.getTextContent().includes('onnxruntime-node'))!;
    const script = step.getArgumentsContent()!;
    const run = () => spawnSync('sh', ['-c', script], { cwd: folder, encoding: 'utf8' });
    expect(run()).toMatchObject({ status: 0, stderr: '' });
    const left = readdirSync(bin, { recursive: true, encoding: 'utf8' });
    expect(left.filter((file) => file.endsWith('.node'))).toEqual([
      `${here}/onnxruntime_binding.node`,
    ]);
    // An app without it has nothing to remove.
    rmSync(`${folder}/node_modules`, { recursive: true });
    expect(run()).toMatchObject({ status: 0, stderr: '' });
  });

  test('is healthy while the app is ready, on the port that it is given', async () => {
    const [program, ...args] = command(only('HEALTHCHECK'));
    expect(program).toBe('node');
    const port = await freePort();
    const healthy = () =>
      spawnSync(process.execPath, args, { env: { ...process.env, PORT: String(port) } }).status;
    expect(healthy()).toBe(1);
    const app = new FixtureProcess('../../deploy/fixtures/deployed', { PORT: String(port) });
    await app.port();
    expect(healthy()).toBe(0);
  });
});
