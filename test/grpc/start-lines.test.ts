import { describe, expect, it, vi } from 'vitest';
import { FixtureProcess } from '../serve/fixture-process.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

function start(env: Record<string, string>): FixtureProcess {
  return new FixtureProcess('../../grpc/fixtures/serving', { LOG_LEVEL: 'fatal', ...env });
}

describe('serve() says where gRPC is', () => {
  it('in a line, on a shared port', async () => {
    const server = start({});
    await server.port();
    const lines = server.output.split('\n').filter((line) => line.includes('[Serve]'));
    expect(lines[0]).toContain('Serving on http://127.0.0.1:');
    expect(lines[1]).toContain('Serving gRPC on the same port');
    expect(lines[2]).toContain('POST /run runs');
  });

  it('in a line, on a port of its own', async () => {
    const server = start({ GRPC_PORT: '0' });
    const port = await server.port();
    expect(server.output.match(/gRPC.*/g)).toEqual([
      expect.stringContaining(`gRPC on 127.0.0.1:${port}`),
    ]);
  });

  it.each(['', '0'])('as JSON, once for all workers, GRPC_PORT=%s', async (GRPC_PORT) => {
    const server = start({ NODE_ENV: 'production', WORKERS: '2', GRPC_PORT });
    await server.printed(/all ready/);
    const port = await server.port();
    const lines = server.output.split('\n').filter((line) => line.includes('gRPC'));
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      {
        level: 'log',
        pid: server.pid,
        context: 'Serve',
        message: `Serving gRPC on ${GRPC_PORT === '' ? 'the same port' : `127.0.0.1:${port}`}`,
        protocol: 'gRPC',
        address: `127.0.0.1:${port}`,
      },
    ]);
  });
});
