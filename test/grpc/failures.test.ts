import { deflateSync, gzipSync } from 'node:zlib';
import { ConflictException } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import type { GrpcModuleOptions } from 'nestjs-model-serving/grpc';
import { beforeEach, describe, expect, it } from 'vitest';
import { deferred } from '../endpoint/deferred.js';
import { levelsAre } from '../execution-http/levels.js';
import { GrpcClient } from './grpc-client.js';
import { framed, openSession, rawCall } from './raw-call.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

const proto = `
  syntax = "proto3"; package acme;
  message Request { string text = 1; repeated int32 xs = 2; Request inner = 3; }
  message Response { int32 length = 1; }
  service Model {
    rpc Run(Request) returns (Response);
    rpc Large(Request) returns (Response);
    rpc Hold(Request) returns (Response);
    rpc Hurry(Request) returns (Response);
    rpc Tell(Request) returns (stream Response);
  }`;
const files = { file: 'a.proto', files: { 'a.proto': proto } };
const rpc = (name: string) => protobufSchema(files, { rpc: `Model.${name}` });

@ModelEndpoint('/run', rpc('Run'), { bodyLimit: 1000 })
class Run {
  predict({ text }: { text?: string }) {
    if (text?.startsWith('say ')) throw new ConflictException(text.slice(4).repeat(1000));
    return { length: text === 'wrong' ? 'much' : (text?.length ?? 0) };
  }
}
@ModelEndpoint('/large', rpc('Large'), { bodyLimit: 100_000 })
class Large extends Run {}

let held = deferred<PredictContext>();
let release = deferred<void>();
beforeEach(() => {
  held = deferred();
  release = deferred();
});

@ModelEndpoint('/hold', rpc('Hold'), { maxConcurrency: 1, maxQueue: 1 })
class Hold {
  async predict(_: object, context: PredictContext) {
    held.resolve(context);
    await Promise.race([
      release.promise,
      new Promise((resolve) => context.signal.addEventListener('abort', resolve)),
    ]);
    return { length: 1 };
  }
}
@ModelEndpoint('/hurry', rpc('Hurry'), { timeout: 1 })
class Hurry extends Hold {}

@ModelEndpoint('/tell', rpc('Tell'), { stream: true })
class Tell {
  async *predict(_: object, context: PredictContext) {
    held.resolve(context);
    yield { length: 1 };
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
  }
}

const parts = { controllers: [Run, Large, Hold, Hurry, Tell] };
const text = (length: number) =>
  Buffer.concat([Buffer.from([10, ...varint(length)]), Buffer.alloc(length, 'x')]);
const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >> 7)]);
const lengthOf = ([message]: Buffer[]) => message![1];

describe.each(GRPC_DOORS)('A call on $door', (way) => {
  const start = async (options?: GrpcModuleOptions) => {
    const app = await startGrpc(way, parts, options);
    const session = openSession(app.address);
    const count = async (route: string, told: number) => {
      const { body } = await app.get('/__metrics');
      const labels = `endpoint="${route}",method="grpc",status="${told}"`;
      const line = new RegExp(
        `^model_serving_request_duration_seconds_count{.*${labels}.*} (\\d+)$`,
        'm',
      );
      return Number(line.exec(body)?.[1] ?? 0);
    };
    return {
      ...app,
      session,
      count,
      run: (body: Uint8Array | undefined, headers?: Record<string, string>, method = 'Run') =>
        rawCall(session, `/acme.Model/${method}`, body, headers),
    };
  };

  it('is refused where its bytes are no message', async () => {
    const { run, count } = await start();
    const counted = await count('/run', 400);
    const refused = [
      await run(framed(Buffer.from([10, 200, 1]))),
      await run(framed(Buffer.from([255, 255]))),
      await run(framed(Buffer.from([10, 2, 0xc3, 0x28]))),
      await run(Buffer.alloc(0)),
      await run(Buffer.from([0, 0, 0, 0, 9, 10])),
      await run(Buffer.concat([framed(text(1)), framed(text(1))])),
    ];
    expect(refused.map(({ code }) => code)).toEqual(refused.map(() => status.INVALID_ARGUMENT));
    expect(await count('/run', 400)).toBe(counted + refused.length);
    expect(lengthOf((await run(framed(text(3)))).messages)).toBe(3);
  });

  it('may come compressed, whole and sound', async () => {
    const { run, session } = await start();
    for (const [encoding, pack] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
    ] as const) {
      const headers = { 'grpc-encoding': encoding };
      const packed = pack(text(3));
      expect(lengthOf((await run(framed(packed, true), headers)).messages)).toBe(3);
      expect(lengthOf((await run(framed(text(3)), headers)).messages)).toBe(3);
      for (const corrupt of [
        packed.subarray(0, packed.length - 9),
        packed.subarray(0, 3),
        Buffer.alloc(0),
        Buffer.from('no archive at all'),
        Buffer.concat([packed.subarray(0, 12), Buffer.from([255, 255, 255]), packed.subarray(12)]),
      ]) {
        const { code, message } = await run(framed(corrupt, true), headers);
        expect(code, `${encoding} ${corrupt.toString('hex')}: ${message}`).toBe(
          status.INVALID_ARGUMENT,
        );
      }
    }
    const told = {
      code: status.UNIMPLEMENTED,
      trailers: { 'grpc-accept-encoding': 'identity,deflate,gzip' },
    };
    const unknown = { 'grpc-encoding': 'br' };
    expect(await run(framed(text(3), true), unknown)).toMatchObject(told);
    const check = '/grpc.health.v1.Health/Check';
    expect(await rawCall(session, check, framed(text(3), true), unknown)).toMatchObject(told);
    expect(lengthOf((await run(framed(text(3)))).messages)).toBe(3);
  });

  it('is not read as it is where it says that it is compressed, and the call does not', async () => {
    const { run, session } = await start();
    const flagged = (flag: number) => Buffer.from([flag, ...framed(text(3)).subarray(1)]);
    for (const [flag, headers] of [
      [1, {}],
      [1, { 'grpc-encoding': 'identity' }],
      [2, {}],
      [255, { 'grpc-encoding': 'gzip' }],
    ] as const) {
      expect(await run(flagged(flag), headers)).toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    expect(await run(flagged(0))).toMatchObject({ code: status.OK });
    const check = '/grpc.health.v1.Health/Check';
    expect(await rawCall(session, check, Buffer.of(1, 0, 0, 0, 0))).toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect(await rawCall(session, check, Buffer.of(0, 0, 0, 0, 0))).toMatchObject({
      code: status.OK,
    });
  });

  it('is held to the limit of its endpoint, compressed or not', async () => {
    const { run, count } = await start();
    const counted = await count('/run', 413);
    const gzip = { 'grpc-encoding': 'gzip' };
    const tooLarge = {
      code: status.RESOURCE_EXHAUSTED,
      message: 'Expected a message of at most 1000 bytes',
    };
    expect(await run(framed(text(1001)))).toMatchObject(tooLarge);
    expect(await run(framed(gzipSync(text(1001)), true), gzip)).toMatchObject(tooLarge);
    // More than any endpoint takes.
    expect(await run(framed(gzipSync(text(10_000_000)), true), gzip)).toMatchObject(tooLarge);
    expect(await run(framed(text(10_000_000)))).toMatchObject(tooLarge);
    const lie = Buffer.from([0, 255, 255, 255, 255]);
    expect(await run(lie)).toMatchObject(tooLarge);
    expect(await count('/run', 413)).toBe(counted + 5);
    expect((await run(framed(text(99_000)), {}, 'Large')).code).toBe(status.OK);
    expect((await run(framed(text(990)))).code).toBe(status.OK);
  });

  it('has its deadline, while it waits, runs and comes in', async () => {
    const { run, count } = await start();
    const late = { code: status.DEADLINE_EXCEEDED, message: 'Deadline exceeded' };
    const first = run(framed(text(1)), { 'grpc-timeout': '1m' }, 'Hold');
    expect(await first).toMatchObject(late);
    expect(await run(framed(text(1)), {}, 'Hurry')).toMatchObject(late);
    expect(await run(undefined, { 'grpc-timeout': '5m' })).toMatchObject(late);
    // The endpoint's own, though the client has none and sends nothing.
    expect(await run(undefined, {}, 'Hurry')).toMatchObject(late);
    expect(await run(framed(text(1)), { 'grpc-timeout': 'soon' })).toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect(await count('/hurry', 504)).toBeGreaterThanOrEqual(2);
  });

  it('may have a deadline in months, or what clients send for none at all', async () => {
    const { run } = await start();
    for (const timeout of ['2147484S', '6442451S', '43200M', '27000H', '99999999H']) {
      const told = await run(framed(text(3)), { 'grpc-timeout': timeout });
      expect(told, timeout).toMatchObject({ code: status.OK });
    }
  });

  it('that a client gives up is cancelled at once', async () => {
    const { address, count } = await start();
    const { raw } = new GrpcClient(proto, 'acme.Model', address);
    for (const [method, route] of [
      ['Hold', '/hold'],
      ['Tell', '/tell'],
    ] as const) {
      held = deferred();
      const counted = await count(route, 499);
      const call = method === 'Hold' ? raw.Hold({}, () => {}) : raw.Tell({}).on('error', () => {});
      if (method === 'Tell') call.resume();
      const { signal } = await held.promise;
      const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
      call.cancel();
      await aborted;
      while ((await count(route, 499)) === counted) await new Promise(setImmediate);
    }
  });

  it('to a full queue is told when to come again', async () => {
    const { address, app } = await start();
    const client = new GrpcClient(proto, 'acme.Model', address);
    const running = client.call('Hold', {});
    await held.promise;
    const waiting = client.call('Hold', {});
    const { EndpointRegistry } = await import('../../src/endpoint/endpoint-registry.js');
    const endpoint = app.get(EndpointRegistry, { strict: false }).routes.get('/hold')!;
    while (endpoint.queueDepth === 0) await new Promise(setImmediate);
    expect(await client.call('Hold', {})).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: { RetryInfo: { retryDelay: { seconds: expect.any(Number) } } },
    });
    release.resolve();
    expect(await running).toMatchObject({ code: 0 });
    expect(await waiting).toMatchObject({ code: 0 });
  });

  it('is told that its answer is larger than the app lets answers be', async () => {
    const app = await start({ channelOptions: { 'grpc.max_send_message_length': 1 } });
    const client = new GrpcClient(proto, 'acme.Model', app.address);
    const metadata = { 'x-request-id': 'i' };
    const tooLarge = {
      code: status.RESOURCE_EXHAUSTED,
      message: 'Sent message larger than max (7 vs. 1)',
      details: { RequestInfo: { requestId: 'i' } },
    };
    const counts = () => Promise.all(['/run', '/tell'].map((route) => app.count(route, 413)));
    const counted = await counts();
    expect(await client.call('Run', {})).toMatchObject({ code: 0 });
    expect(await client.call('Run', { text: 'a' }, { metadata })).toMatchObject(tooLarge);
    expect(await client.stream('Tell', {}, { metadata })).toMatchObject({ ...tooLarge, items: [] });
    await levelsAre(app, { in_flight: 0 });
    expect(await counts()).toEqual(counted.map((count) => count + 1));
  });

  it('says what is wrong, within what a client takes of trailers', async () => {
    const { address, session } = await start();
    const client = new GrpcClient(proto, 'acme.Model', address);
    expect(await client.call('Run', { text: 'wrong' })).toMatchObject({
      code: status.INTERNAL,
      message: 'Internal server error',
    });
    const { trailers } = await rawCall(session, '/acme.Model/Run', framed(Buffer.from([10, 9])), {
      'x-request-id': 'i',
    });
    expect(trailers['x-request-id']).toBe('i');
    expect(String(trailers['grpc-status-details-bin']).length).toBeLessThan(6000);
    // What is encoded takes up to nine bytes a character.
    for (const character of ['a', ' ', '%', '\u6a21', '\u{1f600}']) {
      const asked = Buffer.from(`say ${character}`);
      const message = Buffer.concat([Buffer.from([10, asked.length]), asked]);
      const said = await rawCall(session, '/acme.Model/Run', framed(message));
      expect(said.code).toBe(status.ABORTED);
      expect(said.message).toMatch(new RegExp(`^(${character}){100,}$`, 'u'));
      expect(JSON.stringify(said.trailers).length, character).toBeLessThan(8192);
    }
  });
});
