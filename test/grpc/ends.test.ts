import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import { beforeEach, describe, expect, it } from 'vitest';
import { Drain } from '../../src/lifecycle/drain.js';
import { deferred } from '../endpoint/deferred.js';
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
