import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS, FixtureProcess } from './fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const HOWS = [
  ...ADAPTERS.map((adapter) => [adapter, { HTTP_ADAPTER: adapter }] as const),
  ['an adapter of its own', { OWN_ADAPTER: '1' }] as const,
];

describe.each(HOWS)('serve() on %s', (_, env) => {
  it('configures the app before it listens, and ends with all hooks at SIGTERM', async () => {
    const server = new FixtureProcess('configured', env);
    const port = await server.port();
    const origin = 'https://example.org';
    const response = await fetch(`http://127.0.0.1:${port}/api/whoami`, { headers: { origin } });
    expect(await response.text()).toBe(String(server.pid));
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect((await post(`http://127.0.0.1:${port}/api/model`)).status).toBe(200);
    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output.match(/shut down by SIGTERM/g)).toHaveLength(1);
  });
});

it('configures each worker', async () => {
  const server = new FixtureProcess('configured', { WORKERS: '2' });
  const port = await server.port();
  await server.printed(/all ready/);
  const pids = new Set<string>();
  const headers = { connection: 'close' };
  while (pids.size < 2) {
    const answer = await fetch(`http://127.0.0.1:${port}/api/whoami`, { headers });
    expect(answer.status).toBe(200);
    pids.add(await answer.text());
  }
});

it('does not start where configure() fails', async () => {
  const server = new FixtureProcess('configured', { MISTAKE: 'No such prefix' });
  expect((await server.exited).code).toBe(1);
  expect(server.output).toContain('No such prefix');
  expect(server.output).not.toContain('Serving on');
});

describe('serve() says where it listens and what it serves', () => {
  it.each(['fatal', 'verbose'])('in a line each, at level %s', async (level) => {
    const server = new FixtureProcess('configured', { LOG_LEVEL: level });
    const port = await server.port();
    const lines = server.output.split('\n').filter((line) => line.includes('[Serve]'));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain(`Serving on http://127.0.0.1:${port}`);
    expect(lines[1]).toContain('POST /api/model runs language 3');
  });

  it('as JSON where logs are JSON, once for all workers', async () => {
    const env = { LOG_LEVEL: 'fatal', NODE_ENV: 'production', WORKERS: '2' };
    const server = new FixtureProcess('configured', env);
    const port = await server.port();
    await server.printed(/all ready/);
    const lines = server.output.split('\n').filter((line) => line.startsWith('{'));
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { level: 'log', pid: server.pid, message: `Serving on http://127.0.0.1:${port}` },
      { level: 'log', context: 'Serve', route: '/api/model', model: 'language', version: '3' },
    ]);
  });
});

it('says why it refused, with fields at the top where logs are JSON', async () => {
  const server = new FixtureProcess('configured', { NODE_ENV: 'production' });
  const port = await server.port();
  const headers = { 'x-request-id': 'request-9', connection: 'close' };
  expect((await fetch(`http://127.0.0.1:${port}/api/model`, { headers })).status).toBe(405);
  server.kill('SIGTERM');
  await server.exited;
  const lines = server.output.split('\n').filter((line) => line.includes('refused'));
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    {
      level: 'warn',
      requestId: 'request-9',
      endpoint: '/api/model',
      status: 405,
      reason: 'Expected POST with a JSON object as the body, got GET',
      count: 1,
    },
  ]);
});

function post(url: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
}
