import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { appName } from '../../src/cache/app-name.js';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'app-name-')));
const [main, folder] = [process.argv[1], process.cwd()];

afterEach(() => {
  process.argv[1] = main!;
  process.chdir(folder);
  rmSync(root, { recursive: true });
});

function write(path: string, content: object | string = ''): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

describe('the name of an app', () => {
  it('is that of the package.json nearest to its main file', () => {
    write('package.json', { name: 'monorepo' });
    write('apps/one/package.json', { name: 'one' });
    process.chdir(root);
    process.argv[1] = write('apps/one/dist/main.js');
    expect(appName()).toBe('one');
    process.argv[1] = join(root, 'apps/one/dist/main'); // as `nest start` does
    expect(appName()).toBe('one');
    process.argv[1] = join(root, 'apps/one');
    expect(appName()).toBe('one');
    process.argv[1] = write('apps/two/dist/main.js');
    expect(appName()).toBe('monorepo');
  });

  it('is sought behind a link, and in no package.json that says none', () => {
    write('app/package.json', { name: 'app' });
    write('app/dist/package.json', { type: 'module' });
    write('app/dist/src/package.json', 'no JSON');
    symlinkSync(write('app/dist/src/main.js'), join(root, 'start.js'));
    process.argv[1] = join(root, 'start.js');
    expect(appName()).toBe('app');
  });

  it('is that of the working directory where the main file is a tool’s, or has none', () => {
    write('app/package.json', { name: 'app' });
    write('app/node_modules/runner/package.json', { name: 'runner' });
    process.chdir(join(root, 'app'));
    process.argv[1] = write('app/node_modules/runner/cli.js');
    expect(appName()).toBe('app');
    process.argv[1] = write('nowhere/main.js');
    expect(appName()).toBe('app');
    process.argv.length = 1; // node --eval
    expect(appName()).toBe('app');
  });

  it('may be none', () => {
    process.argv[1] = write('nowhere/main.js');
    process.chdir(root);
    expect(appName()).toBe('');
  });
});
