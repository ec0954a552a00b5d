import { describe, expect, it, vi } from 'vitest';
import { FixtureProcess } from './fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

describe('A second signal', () => {
  it.each([
    { signal: 'SIGTERM', code: 143 },
    { signal: 'SIGINT', code: 130 },
  ] as const)('ends a single process at once with $code for $signal', async ({ signal, code }) => {
    const server = new FixtureProcess('serving', { SLOW_MS: '60000' });
    const slow = fetch(`http://127.0.0.1:${await server.port()}/slow`).catch(
      (error: Error) => error,
    );
    await server.printed(/slow begins/);
    server.kill('SIGTERM');
    await server.printed(/draining/);
    server.kill(signal);
    expect(await server.exited).toEqual({ code, signal: null });
    expect(await slow).toBeInstanceOf(Error);
  });

  it('ends all processes at once', async () => {
    const server = new FixtureProcess('serving', { WORKERS: '2', SLOW_MS: '60000' });
    const slow = fetch(`http://127.0.0.1:${await server.port()}/slow`).catch(
      (error: Error) => error,
    );
    await server.printed(/all ready/);
    await server.printed(/slow begins/);
    server.kill('SIGTERM');
    await server.printed(/draining/, 2);
    server.kill('SIGTERM');
    expect((await server.exited).code).toBe(143);
    expect(await slow).toBeInstanceOf(Error);
  });
});

describe('A signal while the app starts', () => {
  // Not by the system's default, which the first process of a container does not have.
  it.each([
    { signal: 'SIGTERM', code: 143 },
    { signal: 'SIGINT', code: 130 },
    { signal: 'SIGHUP', code: 129 },
  ] as const)('ends it at once with $code for $signal', async ({ signal, code }) => {
    const server = new FixtureProcess('loading');
    await server.printed(/loading/);
    server.kill(signal);
    expect(await server.exited).toEqual({ code, signal: null });
  });
});
