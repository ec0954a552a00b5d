import { expect, it, vi } from 'vitest';
import { FixtureProcess } from './fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

it('is what half of the workers say, the same on all of them', async () => {
  const server = new FixtureProcess('serving', { WORKERS: '2' });
  const port = await server.port();
  await server.printed(/all ready/);
  expect(await readyOf(port)).toEqual([true, true, true, true]);
  await unready(port);
  expect(await readyOf(port)).toEqual([true, true, true, true]);
  while ((await readyOf(port)).includes(true)) await unready(port);
  expect(await readyOf(port)).toEqual([false, false, false, false]);
});

it('lasts while workers are replaced', async () => {
  const server = new FixtureProcess('serving', { WORKERS: '2' });
  const port = await server.port();
  await server.printed(/all ready/);
  server.kill('SIGHUP');
  let rolling = true;
  const replaced = server.printed(/released/, 2).finally(() => (rolling = false));
  while (rolling) expect(await readyOf(port)).toEqual([true, true, true, true]);
  await replaced;
  // Nor have those that were replaced told anyone otherwise, on connections they still had.
  expect(server.output).not.toContain('draining');
});

/** Makes the worker whose turn it is say that it is not ready. */
async function unready(port: number): Promise<void> {
  const headers = { connection: 'close' };
  await fetch(`http://127.0.0.1:${port}/unready`, { method: 'POST', headers });
}

/** What four connections, which alternate between two workers, are told. */
async function readyOf(port: number): Promise<unknown[]> {
  const told: unknown[] = [];
  for (let i = 0; i < 4; i++) {
    const headers = { connection: 'close' };
    const response = await fetch(`http://127.0.0.1:${port}/ready`, { headers });
    told.push(((await response.json()) as { all: unknown }).all);
  }
  return told;
}
