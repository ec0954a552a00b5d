import { ConflictException } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import {
  InvalidRequest,
  ModelEndpoint,
  protobufSchema,
  type PredictContext,
} from 'nestjs-model-serving';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, startApp, type Adapter } from '../serving-app.js';
import { GrpcClient } from './grpc-client.js';

const proto = `
  syntax = "proto3";
  package acme.v1;
  service Greeter {
    rpc Greet(GreetRequest) returns (GreetReply);
    rpc Count(CountRequest) returns (stream Number);
  }
  message GreetRequest { string name = 1; bytes picture = 2; int64 big = 3; repeated float xs = 4; }
  message GreetReply { string greeting = 1; string seen = 2; bytes picture = 3; }
  message CountRequest { int32 to = 1; string fail = 2; }
  message Number { int32 n = 1; }
`;
const files = { file: 'greeter.proto', files: { 'greeter.proto': proto } };

@ModelEndpoint('/greet', protobufSchema(files, { rpc: 'Greeter.Greet' }), { bodyLimit: 10_000 })
class Greeter {
  predict({ name, picture, ...rest }: any, { headers, requestId, log }: PredictContext) {
    if (name === 'nobody') throw new InvalidRequest('Nobody is here');
    if (name === 'conflict') throw new ConflictException('No\nway \ud800 100 %');
    if (name === 'fault') throw new Error('secret');
    log.debug('greets');
    return {
      greeting: `Hello, ${name}`,
      picture: picture ?? headers['x-picture-bin'],
      seen: JSON.stringify({ ...rest, user: headers['x-user'], requestId }),
    };
  }
}

@ModelEndpoint('/count', protobufSchema(files, { rpc: 'Greeter.Count' }), { stream: true })
class Counter {
  async *predict({ to, fail }: any) {
    for (let n = 1; n <= to; n++) yield { n };
    if (fail === 'invalid') throw new InvalidRequest('enough');
  }
}

const PORTS = ['its own', "the app's"] as const;
const DOORS = ADAPTERS.flatMap((adapter) => PORTS.map((port) => [port, adapter] as const));

async function open(port: (typeof PORTS)[number], adapter: Adapter) {
  const module = GrpcModule.forRoot(port === 'its own' ? { port: 0, host: '127.0.0.1' } : {});
  const running = await startApp(adapter, { controllers: [Greeter, Counter], imports: [module] });
  const { host } = new URL(running.url);
  const address = port === 'its own' ? `127.0.0.1:${running.app.get(GrpcModule).port}` : host;
  return { ...running, address, client: new GrpcClient(proto, 'acme.v1.Greeter', address) };
}

describe.each(DOORS)('gRPC on %s port, on %s', (port, adapter) => {
  it('calls an endpoint by its rpc, with the input and the answer that JSON has', async () => {
    const { client, post } = await open(port, adapter);
    const request = { name: 'Ada', big: '9007199254740993', xs: [0.5, 2] };
    const metadata = { 'x-request-id': 'r-1', 'x-user': 'u', 'x-picture-bin': Buffer.from([1, 2]) };
    const told = await client.call('Greet', request, { metadata });
    expect(told).toMatchObject({ code: 0, answer: { greeting: 'Hello, Ada' } });
    expect(JSON.parse(told.answer.seen)).toEqual({
      big: request.big,
      xs: [0.5, 2],
      user: 'u',
      requestId: 'r-1',
    });
    expect(told.answer.picture).toEqual(Buffer.from([1, 2]));
    expect(told.head!.get('x-request-id')).toEqual(['r-1']);
    // Beside it, HTTP as ever.
    const { body } = await post('/greet', request, { 'x-user': 'u', 'x-request-id': 'r-1' });
    expect(body).toEqual({ greeting: told.answer.greeting, seen: told.answer.seen });
  });

  it('streams answers as messages', async () => {
    const { client } = await open(port, adapter);
    const told = await client.stream('Count', { to: 3 }, { metadata: { 'x-request-id': 's-1' } });
    expect(told).toMatchObject({ code: 0, items: [{ n: 1 }, { n: 2 }, { n: 3 }] });
    expect(told.head!.get('x-request-id')).toEqual(['s-1']);
    expect(await client.stream('Count', { to: 0 })).toMatchObject({ code: 0, items: [] });
    expect(await client.stream('Count', { to: 1, fail: 'invalid' })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: 'enough',
      items: [{ n: 1 }],
    });
    expect(await client.stream('Count', { to: 0, fail: 'invalid' })).toMatchObject({
      code: status.INVALID_ARGUMENT,
      items: [],
    });
  });

  it('tells of failures by status and details', async () => {
    const { client } = await open(port, adapter);
    const metadata = { 'x-request-id': 'f-1' };
    const refused = await client.call('Greet', { name: 'nobody' }, { metadata });
    expect(refused).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: 'Nobody is here',
      details: { RequestInfo: { requestId: 'f-1' } },
    });
    expect(refused.trailers.get('x-request-id')).toEqual(['f-1']);
    expect(await client.call('Greet', { name: 'conflict' })).toMatchObject({
      code: status.ABORTED,
      message: 'No\nway \ufffd 100 %',
    });
    expect(await client.call('Greet', { name: 'fault' })).toMatchObject({
      code: status.INTERNAL,
      message: 'Internal server error',
    });
    expect(await client.call('Greet', { picture: Buffer.alloc(10_000) })).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message: 'Expected a message of at most 10000 bytes',
    });
    expect(await client.call('Greet', { name: 'Ada' })).toMatchObject({ code: 0 });
  });
});
