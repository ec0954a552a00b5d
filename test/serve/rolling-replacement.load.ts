import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS, FixtureProcess, Load } from './fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

describe.each(ADAPTERS)('SIGHUP with 2 workers on %s', (adapter) => {
  it('replaces both under load, fails no request and loses no count', async () => {
    const server = new FixtureProcess('serving', { HTTP_ADAPTER: adapter, WORKERS: '2' });
    const port = await server.port();
    await server.printed(/all ready/);
    const load = new Load(port, 100_000, { WORK_MS: '50' });
    await load.busy();
    server.kill('SIGHUP');
    await server.printed(/released/, 2);
    load.stop();
    const { sent, ok, failed } = await load.result();
    expect(failed).toEqual([]);
    expect(ok).toBe(sent);

    const [first, second, third, fourth] = await server.printed(/port \d+ of (\d+)/, 4);
    const pids = await servingPids(port);
    expect(pids).toEqual(new Set([third![1], fourth![1]]));
    expect(pids).not.toContain(first![1]);
    expect(pids).not.toContain(second![1]);
    const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(metrics).toContain(`\nserved_total ${ok + 4}\n`);

    server.kill('SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output).not.toMatch(/cutting|ERROR/);
  });
});

/** The processes that answer four requests on connections of their own. */
async function servingPids(port: number): Promise<Set<string>> {
  const pids = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: '{"ms":1}',
    });
    pids.add(String(((await response.json()) as { pid: number }).pid));
  }
  return pids;
}
