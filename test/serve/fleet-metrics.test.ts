import { expect, it, vi } from 'vitest';
import { FixtureProcess, Load } from './fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

it('shows on any worker the sum of all, those that have crashed or left included', async () => {
  const server = new FixtureProcess('serving', { WORKERS: '2' });
  const port = await server.port();
  await server.printed(/all ready/);
  const { ok, pids } = await new Load(port, 500).result();
  expect(ok).toBe(500);
  expect(pids).toHaveLength(2);

  for (let i = 0; i < 4; i++) {
    const metrics = await scrape(port);
    expect(metrics).toContain('\nserved_total 500\n');
    expect(metrics).toContain(`\npid ${Math.max(...pids)}\n`);
  }

  const began = startOf(await scrape(port));
  await fetch(`http://127.0.0.1:${port}/crash`, { method: 'POST' }).catch(() => undefined);
  await server.printed(/ended with code 7/);
  expect(await scrape(port)).toContain('\nserved_total 500\n');

  await server.printed(/port \d+ of/, 3);
  // What died shows as a restart, and what is replaced because somebody asked for it does not.
  const again = startOf(await scrape(port));
  expect(again).toBeGreaterThan(began);
  server.kill('SIGHUP');
  const replaced = server.printed(/released/, 2);
  let rolling = true;
  void replaced.finally(() => (rolling = false));
  while (rolling) {
    const metrics = await scrape(port);
    expect(metrics).toContain('\nserved_total 500\n');
    expect(metrics).toContain('\nready 1\n');
    expect(startOf(metrics)).toBe(again);
  }
  await replaced;
});

it('is collected once for all who ask meanwhile, whichever workers they ask', async () => {
  const server = new FixtureProcess('serving', { WORKERS: '2' });
  const port = await server.port();
  await server.printed(/all ready/);
  const collections = async () => Number(/^collections (\d+)$/m.exec(await scrape(port))?.[1]);
  const before = await collections();
  await Promise.all(Array.from({ length: 100 }, () => scrape(port)));
  // Two workers a collection, and not all hundred need arrive while the first one is under way.
  expect(((await collections()) - before) / 2).toBeLessThan(50);
});

/** When the program says that it was started. */
function startOf(metrics: string): number {
  return Number(/^process_start_time_seconds (\S+)$/m.exec(metrics)?.[1]);
}

async function scrape(port: number): Promise<string> {
  const headers = { connection: 'close' };
  return (await fetch(`http://127.0.0.1:${port}/metrics`, { headers })).text();
}
