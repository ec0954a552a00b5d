import { spawn } from 'node:child_process';
import { existsSync, readFileSync, renameSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLI, ROOT, run } from './command.js';
import { folderOf } from './project.js';

const ONE = 'syntax = "proto3";\nmessage Request { string text = 1; }\nmessage Response {}\n';
const files = {
  'a.proto': `${ONE}import "shared.proto";\nmessage A { S s = 1; }`,
  'sub/b.proto': ONE,
  'include/shared.proto': 'syntax = "proto3"; message S { int32 n = 1; }',
  'node_modules/c/c.proto': ONE,
};

describe('types', () => {
  test('writes a file beside each, and again only what is not as it should be', async () => {
    const folder = folderOf(files);
    const args = ['types', 'a.proto', '**/*.proto', '!include/**', '--include', 'include'];
    const first = await run(folder, ...args);
    expect(first).toEqual({ code: 0, stdout: 'a.proto.ts written\nsub/b.proto.ts written\n', stderr: '' });
    expect(existsSync(join(folder, 'node_modules/c/c.proto.ts'))).toBe(false);
    const written = statSync(join(folder, 'a.proto.ts')).mtimeMs;
    writeFileSync(join(folder, 'sub/b.proto.ts'), 'by hand');
    expect(await run(folder, ...args)).toEqual({ code: 0, stdout: 'sub/b.proto.ts written\n', stderr: '' });
    expect(statSync(join(folder, 'a.proto.ts')).mtimeMs).toBe(written);
  }); // prettier-ignore

  test('takes a folder, and a name with characters of globs', async () => {
    const folder = folderOf({ 'sub/b.proto': ONE, '[id] (1).proto': ONE });
    const { stdout } = await run(folder, 'types', 'sub', '[id] (1).proto');
    expect(stdout).toBe('sub/b.proto.ts written\n[id] (1).proto.ts written\n');
  });

  test('says where a file is wrong, and writes the others', async () => {
    const folder = folderOf({
      'good.proto': ONE,
      'token.proto': 'syntax = "proto3";\nmessage M {\n  int32 a = 1\n}',
      'type.proto': 'syntax = "proto3";\nmessage M {\n\n  Nope a = 1;\n}',
      'import.proto': 'syntax = "proto3";\n  import "nope.proto";',
      'name.proto': 'syntax = "proto3";\nmessage M {\n  int32 a_b = 1;\n  int32 aB = 2;\n}',
    });
    const { code, stdout, stderr } = await run(folder, 'types', '*.proto');
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'good.proto.ts written\n' });
    expect(stderr.trimEnd().split('\n').map((line) => line.replace(/: .*/, ''))).toEqual([
      'import.proto:2:3',
      'name.proto:4:3',
      'token.proto:4:1',
      'type.proto:4:3',
    ]);
    expect(stderr).toContain('type.proto:4:3: field M.a has the unknown type Nope');
  }); // prettier-ignore
});

describe('types --check', () => {
  test('fails where a file is stale or missing, names it, and writes nothing', async () => {
    const folder = folderOf({ 'a.proto': ONE, 'b.proto': ONE, 'c.proto': ONE });
    await run(folder, 'types', 'a.proto', 'b.proto');
    writeFileSync(join(folder, 'b.proto'), `${ONE}// Another comment.\n`);
    const before = readFileSync(join(folder, 'b.proto.ts'), 'utf8');
    const { code, stdout, stderr } = await run(folder, 'types', '*.proto', '--check');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      'b.proto.ts is stale: run nestjs-model-serving types\nc.proto.ts is stale: run nestjs-model-serving types\n',
    );
    expect(readFileSync(join(folder, 'b.proto.ts'), 'utf8')).toBe(before);
    expect(existsSync(join(folder, 'c.proto.ts'))).toBe(false);
    await run(folder, 'types', '*.proto');
    expect(await run(folder, 'types', '*.proto', '--check')).toMatchObject({ code: 0, stderr: '' });
  });

  test('the examples have the types of their schemas', async () => {
    const args = ['types', '--check', 'examples/*/*.proto', '!examples/iris/onnx.proto'];
    expect(await run(ROOT, ...args)).toEqual({ code: 0, stdout: '', stderr: '' });
  });
});

test('what is left over of a .proto that is gone is said, and fails a check', async () => {
  const folder = folderOf({ 'a.proto': ONE, 'sub/b.proto': ONE, 'by-hand.proto.ts': 'export {};\n' });
  await run(folder, 'types', '**/*.proto', '--json-schema');
  unlinkSync(join(folder, 'sub/b.proto'));
  const lines = ['proto.ts', 'request.schema.json', 'response.schema.json']
    .map((ending) => `sub/b.${ending} is left over: sub/b.proto is not there any more\n`)
    .join('');
  for (const pattern of ['**/*.proto', '.']) {
    expect(await run(folder, 'types', pattern)).toEqual({ code: 0, stdout: lines, stderr: '' });
    expect(await run(folder, 'types', pattern, '--check')).toEqual({ code: 1, stdout: '', stderr: lines });
  }
  expect(await run(folder, 'types', '**/*.proto', '!sub/**', '--check')).toMatchObject({ code: 0 });
}); // prettier-ignore

/** Runs with --watch until the test is over; each call awaits the next line that matches. */
function watching(folder: string, ...args: string[]): (pattern: RegExp) => Promise<void> {
  const child = spawn(process.execPath, [CLI, 'types', '--watch', ...args], { cwd: folder });
  let output = '';
  let check = (): void => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      check();
    });
  }
  onTestFinished(async () => {
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
  });
  return (pattern) =>
    new Promise((resolve) => {
      check = () => {
        const match = pattern.exec(output);
        if (!match) return;
        output = output.slice(match.index + match[0].length);
        resolve();
      };
      check();
    });
}

describe('types --watch', () => {
  test('writes what changes, new files and imports too, and goes on after an error', async () => {
    const folder = folderOf({ 'a.proto': files['a.proto'], 'include/shared.proto': files['include/shared.proto'] });
    const said = watching(folder, '*.proto', '--include', 'include', '--json-schema');
    await said(/watching\n/);
    const change = (name: string, text: string) => {
      // As editors do it.
      writeFileSync(join(folder, `${name}~`), text);
      renameSync(join(folder, `${name}~`), join(folder, name));
    };
    const types = () => readFileSync(join(folder, 'a.proto.ts'), 'utf8');
    change('a.proto', files['a.proto'].replace('text', 'title'));
    await said(/a\.proto\.ts written\n/);
    expect(types()).toContain('title?: string;');
    await said(/a\.request\.schema\.json written\n/);
    change('a.proto', 'syntax = "proto3";\nmessage {');
    await said(/a\.proto:2:9: illegal type name/);
    change('a.proto', files['a.proto']);
    await said(/a\.proto\.ts written\n/);
    change('include/shared.proto', 'syntax = "proto3"; message S { int32 m = 1; }');
    await said(/a\.proto\.ts written\n/);
    expect(types()).toContain('m?: number;');
    change('new.proto', ONE);
    await said(/new\.proto\.ts written\n/);
  }); // prettier-ignore
});

describe('a command line that is wrong', () => {
  test.each([
    [[], ''],
    [['typos'], 'expected a command, got "typos"'],
    [['types'], 'expected .proto files, got none'],
    [['types', 'a.proto', '--chekc'], "Unknown option '--chekc'"],
    [['types', 'a.proto', '--check', '--watch'], 'expected --check or --watch, got both'],
  ])('%j is 2', async (args, message) => {
    const { code, stdout, stderr } = await run(folderOf({}), ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
    expect(stdout + stderr).toContain('Usage: nestjs-model-serving');
  });

  test('--help is no mistake', async () => {
    const folder = folderOf({});
    expect(await run(folder, '--help')).toMatchObject({ code: 0, stderr: '' });
    const { code, stdout } = await run(folder, 'types', '--help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/--include.*\n.*--json-schema.*\n.*--check.*\n.*--watch/);
  });

  test('files that are not there are a failure', async () => {
    const ran = await run(folderOf({}), 'types', 'nope.proto', 'nope/*.proto');
    const expected = 'nope.proto: expected .proto files, got none\nnope/*.proto: expected .proto files, got none\n';
    expect(ran).toEqual({ code: 1, stdout: '', stderr: expected });
  }); // prettier-ignore
});
