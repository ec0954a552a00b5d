import { expect, it, vi } from 'vitest';
import { FixtureProcess } from './fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

it('replaces a worker that crashed, and stays ready with half of them', async () => {
  const server = new FixtureProcess('serving', { WORKERS: '2' });
  const port = await server.port();
  await server.printed(/all ready/);
  expect(await allReady(port)).toBe(true);
  await expect(fetch(`http://127.0.0.1:${port}/crash`, { method: 'POST' })).rejects.toThrow();
  await server.printed(/ended with code 7; another starts in 100 ms/);
  expect(await allReady(port)).toBe(true);
  await server.printed(/port \d+ of/, 3);
  server.kill('SIGTERM');
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

it('gives up with exit code 1 when a worker cannot start', async () => {
  const server = new FixtureProcess('failing', { WORKERS: '2' });
  expect(await server.exited).toEqual({ code: 1, signal: null });
  expect(server.output).toMatch(/FATAL.*A worker cannot start: .* Giving up/);
  expect(server.output).toContain('The model file is missing');
});

it('lets workers drain and exit when the primary is killed', async () => {
  const server = new FixtureProcess('serving', { WORKERS: '2', SLOW_MS: '300' });
  const port = await server.port();
  await server.printed(/all ready/);
  const slow = fetch(`http://127.0.0.1:${port}/slow`);
  await server.printed(/slow begins/);
  server.kill('SIGKILL');
  expect((await slow).status).toBe(200);
  // The pipe of the workers' output closes with the last of them.
  await server.exited;
  expect(server.output.match(/released/g)).toHaveLength(2);
});

async function allReady(port: number): Promise<boolean | undefined> {
  const headers = { connection: 'close' };
  const response = await fetch(`http://127.0.0.1:${port}/ready`, { headers });
  return ((await response.json()) as { all?: boolean }).all;
}
