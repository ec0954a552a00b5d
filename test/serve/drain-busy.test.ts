import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS, FixtureProcess, Load } from './fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** More than can be sent before the signal: the load ends because the server has stopped. */
const PLENTY = 1_000_000;

describe.each(ADAPTERS)('SIGTERM under 32 busy keep-alive connections on %s', (adapter) => {
  it('fails no request and exits with 0 under serve()', async () => {
    const server = new FixtureProcess('serving', { HTTP_ADAPTER: adapter, DRAIN_DELAY_MS: '200' });
    const load = new Load(await server.port(), PLENTY);
    await load.busy();
    server.kill('SIGTERM');
    const { sent, ok, refused, failed } = await load.result();
    expect(failed).toEqual([]);
    expect(ok + refused).toBe(sent);
    expect(ok).toBeGreaterThanOrEqual(200);
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output).toMatch(/draining [^]*released/);
    expect(server.output).not.toMatch(/cutting|ERROR/);
  });

  it('fails no request with the shutdown hooks of a plain app', async () => {
    const server = new FixtureProcess('plain', { HTTP_ADAPTER: adapter, DRAIN_DELAY_MS: '500' });
    const port = await server.port();
    const load = new Load(port, PLENTY);
    await load.busy();
    server.kill('SIGTERM');
    await server.printed(/draining/);
    expect((await fetch(`http://127.0.0.1:${port}/ready`)).status).toBe(200);
    expect((await load.result()).failed).toEqual([]);
    // Nest sends itself the signal again once everything is closed.
    expect(await server.exited).toEqual({ code: null, signal: 'SIGTERM' });
    expect(server.output).toMatch(/draining [^]*released/);
    expect(server.output).not.toMatch(/cutting|ERROR/);
  });
});
