import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS, FixtureProcess } from '../serve/fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** The environment of a process in which some packages are not installed. */
function without(...packages: string[]): Record<string, string> {
  const hooks = `export function resolve(name, context, next) {
    if (!${JSON.stringify(packages)}.includes(name)) return next(name, context);
    const error = new Error("Cannot find package '" + name + "' imported from a file");
    throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
  }`;
  const url = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(url(hooks))});`;
  return { NODE_OPTIONS: `--import ${url(register)}` };
}

describe.each(ADAPTERS)('serve() on %s', (adapter) => {
  const env = { HTTP_ADAPTER: adapter };

  it('says where the page is, at every log level', async () => {
    const server = new FixtureProcess('configured', {
      ...env,
      DOCS_PATH: '/docs',
      LOG_LEVEL: 'fatal',
    });
    const port = await server.port();
    const url = `http://127.0.0.1:${port}`;
    expect(server.output).toContain(`Serving on ${url}, docs at ${url}/docs`);
    expect((await fetch(`${url}/docs`)).status).toBe(200);
    const document = await (await fetch(`${url}/docs-json`)).json();
    expect(document).toHaveProperty(['paths', '/api/model']);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
  });

  it('loads no package of the page where there is none', async () => {
    const missing = without('@nestjs/swagger', '@fastify/static');
    const server = new FixtureProcess('configured', { ...env, ...missing });
    const port = await server.port();
    expect(server.output).not.toContain('docs at');
    expect((await fetch(`http://127.0.0.1:${port}/docs`)).status).toBe(404);
  });

  it('says which package the page needs', async () => {
    const server = new FixtureProcess('configured', {
      ...env,
      ...without('@nestjs/swagger'),
      DOCS_PATH: '/docs',
    });
    expect((await server.exited).code).toBe(1);
    expect(server.output).toContain(
      'ConfigurationError: serve(): option "docs" expected the package @nestjs/swagger to be installed, got none (npm install @nestjs/swagger)',
    );
  });
});

it('says that the page needs @fastify/static on Fastify', async () => {
  const server = new FixtureProcess('configured', {
    HTTP_ADAPTER: 'fastify',
    DOCS_PATH: '/docs',
    ...without('@fastify/static'),
  });
  expect((await server.exited).code).toBe(1);
  expect(server.output).toContain('(npm install @fastify/static)');
});

it('serves the page in each worker, and says so once, in JSON where logs are JSON', async () => {
  const env = { WORKERS: '2', DOCS_PATH: '/docs', NODE_ENV: 'production' };
  const server = new FixtureProcess('configured', env);
  await server.printed(/all ready/);
  const port = await server.port();
  const url = `http://127.0.0.1:${port}`;
  const lines = server.output.split('\n').filter((line) => line.includes('docs at'));
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({ url, docs: `${url}/docs` });
  // Connections go to the workers in turn.
  for (let connection = 0; connection < 4; connection++) {
    const { status } = await fetch(`${url}/docs`, { headers: { connection: 'close' } });
    expect(status).toBe(200);
  }
});
