/**
 * What `docker build` and `docker run` would do with deploy/Dockerfile, without an engine: each stage is a
 * folder, its steps are run there in their order, and what the last one has is started by its command.
 * usage: run.mjs <tarball of the package>
 */
import { DockerfileParser } from 'dockerfile-ast';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';

const [tarball] = process.argv.slice(2);
const root = fileURLToPath(new URL('../../', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'image-'));
// The image's user has to reach it.
chmodSync(work, 0o755);
process.on('exit', () => rmSync(work, { recursive: true, force: true }));

/** The folder that `docker build` is given: an app, which has copied deploy/. */
const context = join(work, 'context');
cpSync(fileURLToPath(new URL('app', import.meta.url)), context, { recursive: true });
cpSync(join(root, 'examples/iris/iris.onnx'), join(context, 'src/iris.onnx'));
cpSync(join(root, 'deploy'), join(context, 'deploy'), { recursive: true });
// Beside the stages, as it is beside the context: a lock file names it by a relative path.
cpSync(tarball, join(work, 'nestjs-model-serving.tgz'));
execFileSync('npm', ['install', '--package-lock-only', '--silent', '--no-audit', '--no-fund'], {
  cwd: context,
  stdio: 'inherit',
});

const ignored = readFileSync(join(context, 'deploy/Dockerfile.dockerignore'), 'utf8').split('\n');
const isSent = (path) => !ignored.includes(basename(path));
const instructions = DockerfileParser.parse(
  readFileSync(join(context, 'deploy/Dockerfile'), 'utf8'),
).getInstructions();
const jsonOf = (text) => JSON.parse(/\[.*\]$/s.exec(text)[0]);

/** Stages by name; the last one has none. */
const stages = new Map();
let stage;
const steps = {
  FROM(text) {
    const [, name = 'image'] = / AS (\S+)/.exec(text) ?? [];
    stage = { folder: join(work, name), env: {} };
    mkdirSync(stage.folder);
    stages.set(name, stage);
  },
  ENV(text) {
    const [, name, value] = /^ENV (\w+)=(\S+)$/.exec(text);
    stage.env[name] = value;
  },
  WORKDIR: (text) => assert.equal(text, 'WORKDIR /app'),
  COPY(text) {
    const [, from, paths] = /^COPY (?:--from=(\S+) )?(.+)$/.exec(text);
    const sources = paths.split(' ');
    const target = sources.pop();
    for (const source of sources) {
      const path = from
        ? join(stages.get(from).folder, source.replace('/app', ''))
        : join(context, source);
      // A folder gives its contents, a file itself.
      const isFile = target.endsWith('/') && source !== '.';
      const to = isFile ? join(target, basename(source)) : target;
      const filter = from ? undefined : isSent;
      cpSync(path, join(stage.folder, to), { recursive: true, filter, verbatimSymlinks: true });
    }
  },
  RUN(text) {
    const [, script] = /^RUN (.*)$/s.exec(text);
    const { status } = spawnSync('sh', ['-ec', script], {
      cwd: stage.folder,
      env: { ...process.env, ...stage.env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    assert.equal(status, 0, script);
  },
  USER(text) {
    [stage.uid, stage.gid] = /^USER (\d+):(\d+)$/.exec(text).slice(1).map(Number);
  },
  EXPOSE: (text) => (stage.port = Number(text.replace('EXPOSE ', ''))),
  HEALTHCHECK: (text) => (stage.health = jsonOf(text)),
  CMD: (text) => (stage.command = jsonOf(text)),
};
for (const instruction of instructions) {
  steps[instruction.getKeyword()](instruction.getTextContent());
}

const { folder, env, uid, gid, command, health, port: exposed } = stage;
const files = readdirSync(folder, { recursive: true });
assert.deepEqual(readdirSync(folder).toSorted(), ['dist', 'node_modules', 'package.json']);
assert(
  !existsSync(join(folder, 'node_modules/typescript')),
  'what only the build needs is shipped',
);
const bindings = files.filter((file) => file.endsWith('onnxruntime_binding.node'));
assert.equal(bindings.length, 1, `binaries of ONNX Runtime: ${bindings.join()}`);

// The port that is exposed may be taken here.
assert.equal(exposed, 8000);
const probe = createServer().listen(0, '127.0.0.1');
await once(probe, 'listening');
const { port } = probe.address();
probe.close();
await once(probe, 'close');

// As its user, to whom nothing in the folder belongs: whoever writes there fails.
const asRoot = process.getuid() === 0;
const options = {
  cwd: folder,
  env: { PATH: process.env.PATH, ...env, PORT: String(port) },
  ...(asRoot && { uid, gid }),
};
const app = spawn(command[0], command.slice(1), {
  ...options,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const exited = once(app, 'exit');
const started = new Promise((resolve) => {
  let output = '';
  app.stdout.on('data', (chunk) => {
    output += chunk;
    if (output.includes('Serving on')) resolve();
  });
});
await Promise.race([started, exited.then(() => assert.fail('it ended before it served'))]);
assert.equal(spawnSync(health[0], health.slice(1), options).status, 0, 'the health check fails');
const answer = await fetch(`http://127.0.0.1:${port}/iris`, {
  method: 'POST',
  body: '{"features": [5.1, 3.5, 1.4, 0.2]}',
});
assert.equal(answer.status, 200, await answer.text());
app.kill('SIGTERM');
assert.deepEqual(await exited, [0, null]);
const [size] = execFileSync('du', ['-sm', folder], { encoding: 'utf8' }).split('\t');
console.log(`deploy/Dockerfile: ${instructions.length} steps, ${size} MiB above Node: ok`);
