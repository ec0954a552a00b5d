import { ChannelCredentials, ServerCredentials, status } from '@grpc/grpc-js';
import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { once } from 'node:events';
import { constants, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { describe, expect, it } from 'vitest';
import { ADAPTERS } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';
import { selfSigned } from './certificate.js';
import { GrpcClient } from './grpc-client.js';
import { LENGTH_PROTO, LengthModel } from './length-model.js';
import { framed, openSession, rawCall } from './raw-call.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

const parts = { controllers: [LengthModel] };

describe.each(ADAPTERS)('A port with certificates, on %s,', (adapter) => {
  const way = { adapter, port: 'a port of its own' } as const;

  it('speaks TLS, and asks clients for theirs', async () => {
    const { key, cert } = selfSigned();
    const pair = { private_key: key, cert_chain: cert };
    const mutual = ServerCredentials.createSsl(cert, [pair], true);
    const { address } = await startGrpc(way, parts, { credentials: mutual });
    // Newer versions of Node send no address as the name of a server.
    const named = { 'grpc.ssl_target_name_override': 'localhost' };
    const call = (security: ChannelCredentials) =>
      new GrpcClient(LENGTH_PROTO, 'acme.Model', address, named, security).call('Run', {
        text: 'abc',
      });
    expect(await call(ChannelCredentials.createSsl(cert, key, cert))).toMatchObject({
      answer: { length: 3 },
    });
    const refused = { code: status.UNAVAILABLE };
    expect(await call(ChannelCredentials.createSsl(cert))).toMatchObject(refused);
    expect(await call(ChannelCredentials.createInsecure())).toMatchObject(refused);
  });
});

it.each(ADAPTERS)('A port of its own opens when all else has started, on %s', async (adapter) => {
  const ports: unknown[] = [];
  @Injectable()
  class Starting {
    constructor(readonly modules: ModuleRef) {}

    onApplicationBootstrap(): void {
      ports.push(this.modules.get(GrpcModule, { strict: false }).port);
    }
  }
  const { app } = await startGrpc(
    { adapter, port: 'a port of its own' },
    { providers: [Starting] },
  );
  expect(ports).toEqual([undefined]);
  expect(app.get(GrpcModule).port).toBeTypeOf('number');
});

it.each(ADAPTERS)(
  'A connection that HTTP/2 ends for its resets is let go, on %s',
  async (adapter) => {
    const clock = stopClock();
    const { app, address } = await startGrpc({ adapter, port: "the app's port" }, parts);
    const accepted = once(app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const session = openSession(address);
    session.on('error', () => {});
    const [socket] = await accepted;
    // Newer versions of Node end it with an error.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    while (!session.destroyed) {
      for (let n = 0; n < 100; n++) {
        // What grpc-js refuses by its head, too.
        const stream = session.request({ ':method': 'POST', ':path': '/acme.Model/Run' });
        stream.on('error', () => {});
        stream.close(constants.NGHTTP2_CANCEL);
      }
      await nextTurn();
    }
    // It is asked whether it is there, and does not say so.
    clock.advance(60_000);
    clock.advance(20_000);
    await closed;
  },
);

describe.each(GRPC_DOORS)('A connection on $door', (way) => {
  it('is ended by age, and its client told before', async () => {
    const { address } = await startGrpc(way, parts, {
      channelOptions: { 'grpc.max_connection_age_ms': 100 },
    });
    const session = openSession(address);
    const told = new Promise((resolve) => session.once('goaway', resolve));
    const closed = new Promise((resolve) => session.once('close', resolve));
    expect(await rawCall(session, '/acme.Model/Run', framed(Buffer.alloc(0)))).toMatchObject({
      code: 0,
    });
    await told;
    await closed;
  });

  it('is asked whether it is alive', async () => {
    const { address } = await startGrpc(way, parts, {
      channelOptions: { 'grpc.keepalive_time_ms': 10 },
    });
    const session: ClientHttp2Session = openSession(address);
    for (let n = 0; n < 3; n++) await new Promise((resolve) => session.once('ping', resolve));
  });

  it('may carry no more streams than it is told', async () => {
    const { address } = await startGrpc(way, parts, {
      channelOptions: { 'grpc.max_concurrent_streams': 3 },
    });
    const session = openSession(address);
    const [settings] = await new Promise<any[]>((resolve) =>
      session.once('remoteSettings', (...args) => resolve(args)),
    );
    expect(settings.maxConcurrentStreams).toBe(3);
  });
});
