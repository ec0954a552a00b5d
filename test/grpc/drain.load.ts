import { ServerCredentials, status } from '@grpc/grpc-js';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { connect } from 'node:net';
import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { Drain } from '../../src/lifecycle/drain.js';
import { FixtureProcess } from '../serve/fixture-process.js';
import { ADAPTERS } from '../serving-app.js';
import { selfSigned } from './certificate.js';
import { freePort } from './free-port.js';
import { GrpcClient } from './grpc-client.js';
import { failure, Load, type Caller, type Outcome } from './load.js';
import { startGrpc } from './shared-app.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const proto = `
  syntax = "proto3"; package acme;
  message Request { int32 ms = 1; } message Response { int32 pid = 1; }
  service Model { rpc Run(Request) returns (Response); rpc Tell(Request) returns (stream Response); }`;

const CLIENTS = 8;
const CALLS_AT_ONCE = 4;

/** Clients with a connection of their own, each with some calls under way all the time. */
function clientsOf(address: string): Caller[] {
  return Array.from(
    { length: CLIENTS },
    () => new GrpcClient(proto, 'acme.Model', address),
  ).flatMap((client) =>
    Array.from({ length: CALLS_AT_ONCE }, () => (n: number) => call(client, n)),
  );
}

async function call(client: GrpcClient, n: number): Promise<Outcome> {
  const isStream = n % 5 === 4;
  const told = isStream
    ? await client.stream('Tell', { ms: 1 })
    : await client.call('Run', { ms: 2 });
  if (told.code !== status.OK || (isStream && (told as any).items.length !== 5)) {
    return failure(told);
  }
  return isStream ? {} : { pid: told.answer.pid };
}

describe.each(ADAPTERS)('gRPC on %s', (adapter) => {
  it.each([
    ['1', "the app's port"],
    ['2', "the app's port"],
    ['1', 'a port of its own'],
    ['2', 'a port of its own'],
  ])('loses no call by SIGTERM, with %s workers, on %s', async (workers, port) => {
    const server = new FixtureProcess('../../grpc/fixtures/serving', {
      HTTP_ADAPTER: adapter,
      WORKERS: workers,
      GRPC_PORT: port === "the app's port" ? '' : await freePort(),
    });
    if (workers !== '1') await server.printed(/all ready/);
    const load = new Load(clientsOf(`127.0.0.1:${await server.port()}`), Infinity);
    await load.busy();
    server.kill('SIGTERM');
    const { failed, refused } = await load.end();
    expect(failed).toEqual([]);
    expect(refused).toBe(CLIENTS * CALLS_AT_ONCE);
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output).not.toMatch(/ERROR|unhandled/);
  });

  it('loses none of 10,000 calls while all workers are replaced', async () => {
    const server = new FixtureProcess('../../grpc/fixtures/serving', {
      HTTP_ADAPTER: adapter,
      WORKERS: '2',
      LOG_LEVEL: 'log',
    });
    await server.printed(/all ready/);
    const load = new Load(clientsOf(`127.0.0.1:${await server.port()}`), 10_000);
    await load.busy();
    server.kill('SIGHUP');
    await load.reached(5000);
    await server.printed(/All workers have been replaced/);
    const { ok, failed, pids } = await load.end();
    expect(failed).toEqual([]);
    expect(ok).toBeGreaterThanOrEqual(10_000);
    expect(pids.size).toBeGreaterThan(2);
    expect(server.output).not.toMatch(/ERROR|unhandled/);
  });

  it('is not kept from its end by a handshake that does not come', async () => {
    const { key, cert } = selfSigned();
    const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]);
    const way = { adapter, port: 'a port of its own' } as const;
    const options = { shutdownTimeout: 60_000 };
    const { app, address } = await startGrpc(way, { options }, { credentials });
    const silent = connect(Number(new URL(`http://${address}`).port), '127.0.0.1').resume();
    await once(silent, 'connect');
    let isCut = false;
    Drain.installedIn(app.getHttpAdapter() as AbstractHttpAdapter)!.onCut(() => (isCut = true));
    await app.close();
    expect(isCut).toBe(false);
  });
});
