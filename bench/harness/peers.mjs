import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { find, findPython } from './machine.mjs';
import { PACKAGE } from './package.mjs';
import { ROOT } from './server.mjs';

const COMPILED = join(PACKAGE, 'dist/bench/servers');

/** Nest's HTTP adapters, as `ADAPTER` and in words. */
export const ADAPTERS = [
  ['fastify', 'Fastify'],
  ['express', 'Express'],
];

/**
 * A server of this repository, compiled from `bench/servers/<file>.ts`.
 *
 * @param {string} name
 * @param {string} file
 * @param {Record<string, string>} [env]
 * @returns {import('./server.mjs').ServerSpec}
 */
export const compiled = (name, file, env = {}) => ({
  name,
  command: [process.execPath, join(COMPILED, `${file}.js`)],
  env,
  probed: true,
});

export const nodeHttp = () => compiled('node:http by hand', 'node-http');

export const bare = (adapter) => compiled(`bare Nest ${adapter}`, 'bare', { ADAPTER: adapter });

export const handMade = (adapter, validator, cache = false) =>
  compiled(
    `hand-made Nest ${adapter}, ${validator}${cache ? ', cache hit' : ''}`,
    `hand-made/${validator}`,
    cache ? { ADAPTER: adapter, CACHE: '1' } : { ADAPTER: adapter },
  );

export const ours = (adapter) =>
  compiled(`nestjs-model-serving ${adapter}`, 'serving', { ADAPTER: adapter });

/** The same with one guard of the whole app. */
export const guarded = ({ name, env, ...spec }) => ({
  ...spec,
  name: `${name}, guarded`,
  env: { ...env, GUARD: '1' },
});

const words = (text) => text.split(' ');

const GUNICORN =
  '-m gunicorn --workers 1 --worker-class sync --bind 127.0.0.1:{port} ' +
  '--chdir bench/python flask_app:app';

const UVICORN =
  '-m uvicorn --workers 1 --loop uvloop --http httptools --no-access-log --log-level warning ' +
  '--host 127.0.0.1 --port {port} --app-dir bench/python fastapi_app:app';

/** @returns {import('./server.mjs').ServerSpec} */
export function flask(cache = false) {
  const name = `Flask + protobuf, gunicorn${cache ? ', cache hit' : ''}`;
  const { python, missing } = findPython(
    words('flask flask_caching gunicorn google.protobuf prometheus_client'),
  );
  if (!python) return { name, command: [], missing };
  const generated = generatePythonMessages();
  if (!generated) return { name, command: [], missing: 'protoc (protobuf-compiler)' };
  return {
    name,
    command: [python, ...words(GUNICORN)],
    env: pythonEnv({ PYTHONPATH: generated, ...(cache ? { CACHE: '1' } : {}) }),
  };
}

/** @returns {import('./server.mjs').ServerSpec} */
export function fastapi() {
  const name = 'FastAPI + pydantic, uvicorn';
  const { python, missing } = findPython(
    words('fastapi pydantic uvicorn uvloop httptools prometheus_client'),
  );
  if (!python) return { name, command: [], missing };
  return {
    name,
    command: [python, ...words(UVICORN)],
    env: pythonEnv(),
  };
}

const pythonEnv = (env = {}) => ({ PYTHONDONTWRITEBYTECODE: '1', ...env });

/** The schema of the example request, that of the example itself. */
const PROTO = 'examples/language-detection/language-detection.proto';

let messages;

/** The folder of the `_pb2.py` that protoc makes of the example's .proto, for this run only. */
function generatePythonMessages() {
  // Debian's comes with Debian's python3-protobuf; npm's, first in PATH here, may be too new for it.
  const protoc = find('/usr/bin/protoc') ?? find('protoc');
  if (messages === undefined && protoc) {
    messages = mkdtempSync(join(tmpdir(), 'bench-pb2-'));
    process.once('exit', () => rmSync(messages, { recursive: true, force: true }));
    execFileSync(protoc, ['-I', dirname(PROTO), `--python_out=${messages}`, PROTO], {
      cwd: ROOT,
    });
  }
  return messages;
}
