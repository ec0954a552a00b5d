import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { connect as secure } from 'node:tls';
import { ServerCredentials, status } from '@grpc/grpc-js';
import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it } from 'vitest';
import { Drain } from '../../src/lifecycle/drain.js';
import { deferred } from '../endpoint/deferred.js';
import { ADAPTERS } from '../serving-app.js';
import { selfSigned } from './certificate.js';
import { GrpcClient } from './grpc-client.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

const proto = `
  syntax = "proto3"; package acme;
  message Request { string text = 1; } message Response { int32 n = 1; }
  service Model { rpc Run(Request) returns (Response); rpc Tell(Request) returns (stream Response); }`;
const files = { file: 'a.proto', files: { 'a.proto': proto } };

let begun = deferred<PredictContext>();
let release = deferred<void>();
beforeEach(() => {
  begun = deferred();
  release = deferred();
});

@ModelEndpoint('/run', protobufSchema(files, { rpc: 'Model.Run' }))
class Run {
  async predict(_: object, context: PredictContext) {
    begun.resolve(context);
    await release.promise;
    return { n: 1 };
  }
}
@ModelEndpoint('/tell', protobufSchema(files, { rpc: 'Model.Tell' }), { stream: true })
class Tell {
  async *predict(_: object, context: PredictContext) {
    yield { n: 1 };
    begun.resolve(context);
    await release.promise;
    yield { n: 2 };
  }
}
const parts = { controllers: [Run, Tell] };

describe.each(GRPC_DOORS)('When the app ends on $door', (way) => {
  it.each(['Run', 'Tell'])('what runs is answered (%s)', async (method) => {
    const { app, address, close } = await startGrpc(way, parts);
    const client = new GrpcClient(proto, 'acme.Model', address);
    const told = method === 'Run' ? client.call('Run', {}) : client.stream('Tell', {});
    await begun.promise;
    const closed = close();
    // The port is closed while the call goes on.
    while (app.getHttpServer().listening) await new Promise(setImmediate);
    release.resolve();
    expect(await told).toMatchObject(
      method === 'Run' ? { answer: { n: 1 } } : { code: 0, items: [{ n: 1 }, { n: 2 }] },
    );
    await closed;
  });

  it.each(['Run', 'Tell'])('what does not end is cut, and told so (%s)', async (method) => {
    const { app, address, close } = await startGrpc(way, parts);
    Drain.for(app.getHttpAdapter() as never).configure({ timeout: 1 });
    const client = new GrpcClient(proto, 'acme.Model', address);
    const told = method === 'Run' ? client.call('Run', {}) : client.stream('Tell', {});
    const { signal } = await begun.promise;
    const aborted = once(signal, 'abort');
    const closed = close();
    expect(await told).toMatchObject({ code: status.UNAVAILABLE });
    await aborted;
    release.resolve();
    await closed;
  });
});

describe.each(ADAPTERS)('When the app ends beside TLS, on %s,', (adapter) => {
  it('a client whose handshake is going on is told to leave when it is done', async () => {
    const { key, cert } = selfSigned();
    const credentials = ServerCredentials.createSsl(null, [{ private_key: key, cert_chain: cert }]);
    const way = { adapter, port: 'a port of its own' } as const;
    const { app, address, close } = await startGrpc(way, parts, { credentials });
    const { hostname, port } = new URL(`https://${address}`);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const drain = Drain.installedIn(app.getHttpAdapter() as never)!;
    const closed = close();
    while (drain.added.some(({ listening }) => listening)) await nextTurn();
    const session = connectHttp2(`https://${address}`, {
      createConnection: () => secure({ socket, ca: cert, ALPNProtocols: ['h2'] }),
    });
    const [code] = await once(session, 'goaway');
    expect(code).toBe(0);
    await closed;
  });
});
