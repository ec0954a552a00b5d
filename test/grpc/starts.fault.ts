import { describe, expect, it, vi } from 'vitest';
import { FixtureProcess } from '../serve/fixture-process.js';
import { ADAPTERS } from '../serving-app.js';
import { freePort } from './free-port.js';
import { GrpcClient } from './grpc-client.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const proto = `
  syntax = "proto3"; package acme;
  message Request { int32 ms = 1; } message Response { int32 pid = 1; }
  service Model { rpc Run(Request) returns (Response); }`;

describe.each(ADAPTERS)('A port of its own, on %s,', (HTTP_ADAPTER) => {
  it.each([1, 2])('loses no call by SIGTERM before HTTP listens, %s workers', async (workers) => {
    const GRPC_PORT = await freePort();
    const env = { HTTP_ADAPTER, WORKERS: String(workers), GRPC_PORT, HELD: 'yes' };
    const server = new FixtureProcess('../../grpc/fixtures/serving', env);
    await server.printed(/held in/, workers);
    const client = new GrpcClient(proto, 'acme.Model', `127.0.0.1:${GRPC_PORT}`);
    const told = client.call('Run', { ms: 500 });
    await server.printed(/runs in/);
    server.kill('SIGTERM');
    expect(await told).toMatchObject({ code: 0 });
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output).not.toMatch(/ERROR|unhandled/);
  });
});
