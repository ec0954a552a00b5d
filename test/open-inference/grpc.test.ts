import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { type CanActivate, type ExecutionContext, UseGuards } from '@nestjs/common';
import { ModelEndpoint, type PredictContext } from 'nestjs-model-serving';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { beforeEach, describe, expect, it } from 'vitest';
import { PROTO, TEXT } from '../../src/open-inference/grpc/inference-proto.js';
import { deferred } from '../endpoint/deferred.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import { framed, openSession, rawCall } from '../grpc/raw-call.js';
import { GRPC_DOORS, startGrpc } from '../grpc/shared-app.js';
import { openInference, Simple, SIMPLE_MODELS, SIMPLE_SCHEMA } from './simple-models.js';

const tensors = { openInference, version: '1' };

@ModelEndpoint('/small', SIMPLE_SCHEMA, { name: 'small', bodyLimit: 500, ...tensors })
class Small extends Simple {}

class NeedsKey implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    expect(context.getType()).toBe('rpc');
    return context.switchToRpc().getContext().get('key')[0] === 'right';
  }
}
@ModelEndpoint('/guarded', SIMPLE_SCHEMA, { name: 'guarded', ...tensors })
@UseGuards(NeedsKey)
class Guarded extends Simple {}

let held = deferred<PredictContext>();
beforeEach(() => {
  held = deferred();
});
@ModelEndpoint('/held', SIMPLE_SCHEMA, { name: 'held', ...tensors })
class Held {
  async predict(_: object, context: PredictContext) {
    held.resolve(context);
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve));
    return {};
  }
}
@ModelEndpoint('/hurry', SIMPLE_SCHEMA, { name: 'hurry', timeout: 1, ...tensors })
class Hurry extends Held {}
@ModelEndpoint('/broken', SIMPLE_SCHEMA, { name: 'broken', ...tensors })
class Broken {
  predict() {
    throw new Error('A secret');
  }
}

const HEALTH = `
  syntax = "proto3"; package grpc.health.v1;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse { Status status = 1; enum Status { UNKNOWN = 0; SERVING = 1; } }
  service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }`;
const REFLECTION = `
  syntax = "proto3"; package grpc.reflection.v1;
  message Request { string list_services = 7; }
  message Response { Services list_services_response = 6; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; }
  service ServerReflection { rpc ServerReflectionInfo(stream Request) returns (stream Response); }`;

const parts = {
  controllers: [...SIMPLE_MODELS, Small, Guarded, Held, Hurry, Broken],
  imports: [OpenInferenceModule.forRoot({ serverName: 'triton' })],
};

const HEAD = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
const STREAM = '/inference.GRPCInferenceService/ModelStreamInfer';
const Request = PROTO.root.lookupType('inference.ModelInferRequest');
const encoded = (request: object) => Request.encode(Request.fromObject(request)).finish();
/** What is no message. */
const BROKEN = Buffer.of(10, 200, 1);

const A = Int32Array.from({ length: 16 }, (_, index) => index);
const B = new Int32Array(16).fill(1);
const SUMS = A.map((value) => value + 1);
const head = (name: string) => ({ name, datatype: 'INT32', shape: [1, 16] });
const bytesOf = (list: Int32Array) => Buffer.from(list.buffer);

/** As Triton's clients send it. */
const raw = (model: string, more: object = {}) => ({
  modelName: model,
  inputs: [head('INPUT0'), head('INPUT1')],
  rawInputContents: [bytesOf(A), bytesOf(B)],
  ...more,
});
/** As KServe's client sends lists. */
const typed = (model: string, more: object = {}) => ({
  modelName: model,
  inputs: [
    { ...head('INPUT0'), contents: { intContents: [...A] } },
    { ...head('INPUT1'), contents: { intContents: [...B] } },
  ],
  ...more,
});

describe.each(GRPC_DOORS)('The Open Inference Protocol by gRPC on $door', (way) => {
  const start = async () => {
    const app = await startGrpc(way, parts);
    const client = new GrpcClient(TEXT, 'inference.GRPCInferenceService', app.address);
    const count = async (route: string, told: number) => {
      const { body } = await app.get('/__metrics');
      const labels = `endpoint="${route}",method="grpc",status="${told}"`;
      const name = 'model_serving_request_duration_seconds_count';
      const line = new RegExp(`^${name}{.*${labels}.*} (\\d+)$`, 'm');
      return Number(line.exec(body)?.[1] ?? 0);
    };
    /** How many more there are when it is asked. */
    const counter = async (route: string, told: number) => {
      const before = await count(route, told);
      return async () => (await count(route, told)) - before;
    };
    return { ...app, client, counter };
  };

  it('answers raw with raw, and lists with lists', async () => {
    const { client, counter } = await start();
    const counted = await counter('/simple', 200);
    const told = await client.call('ModelInfer', raw('simple', { id: '7' }));
    expect(told.answer).toMatchObject({
      modelName: 'simple',
      modelVersion: '1',
      id: '7',
      outputs: [
        { name: 'OUTPUT0', datatype: 'INT32', shape: ['1', '16'] },
        { name: 'OUTPUT1', datatype: 'INT32', shape: ['1', '16'] },
      ],
    });
    expect(told.answer.rawOutputContents).toEqual([
      bytesOf(SUMS),
      bytesOf(A.map((value) => value - 1)),
    ]);
    const { answer } = await client.call('ModelInfer', typed('simple'));
    expect(answer.rawOutputContents).toBeUndefined();
    expect(answer.outputs[0].contents.intContents).toEqual([...SUMS]);
    expect(await counted()).toBe(2);
  });

  it('gives the outputs that are asked for, in their order', async () => {
    const { client } = await start();
    const outputs = [{ name: 'OUTPUT1' }, { name: 'OUTPUT0' }];
    const { answer } = await client.call('ModelInfer', raw('simple', { outputs }));
    expect(answer.outputs.map(({ name }: { name: string }) => name)).toEqual([
      'OUTPUT1',
      'OUTPUT0',
    ]);
  });

  it('takes BYTES', async () => {
    const { client } = await start();
    const texts = Buffer.concat([...A].map((value) => lengthPrefixed(String(value))));
    const ones = Buffer.concat([...B].map((value) => lengthPrefixed(String(value))));
    const inputs = ['INPUT0', 'INPUT1'].map((name) => ({ ...head(name), datatype: 'BYTES' }));
    const { answer } = await client.call('ModelInfer', {
      modelName: 'simple_string',
      inputs,
      rawInputContents: [texts, ones],
    });
    expect(answer.rawOutputContents[0]).toEqual(
      Buffer.concat([...SUMS].map((value) => lengthPrefixed(String(value)))),
    );
  });

  it('tells who asks what there is', async () => {
    const { client } = await start();
    const ask = async (method: string, request: object = {}) =>
      (await client.call(method, request)).answer;
    expect(await ask('ServerLive')).toEqual({ live: true });
    expect(await ask('ServerReady')).toEqual({ ready: true });
    expect(await ask('ModelReady', { name: 'simple' })).toEqual({ ready: true });
    expect(await ask('ServerMetadata')).toMatchObject({ name: 'triton' });
    expect(await ask('ModelMetadata', { name: 'simple', version: '1' })).toMatchObject({
      name: 'simple',
      versions: ['1'],
      platform: 'nestjs-model-serving',
      inputs: [{ name: 'INPUT0', datatype: 'INT32', shape: ['-1', '16'] }, { name: 'INPUT1' }],
    });
    expect(await ask('ModelConfig', { name: 'simple' })).toMatchObject({
      config: {
        name: 'simple',
        input: [{ name: 'INPUT0', dataType: 'TYPE_INT32', dims: ['-1', '16'] }, {}],
      },
    });
    await client.call('ModelInfer', raw('simple'));
    expect(await ask('ModelStatistics', { name: 'simple' })).toMatchObject({
      modelStats: [
        {
          inferenceCount: '1',
          inferenceStats: { success: { count: '1', ns: expect.stringMatching(/^[1-9]\d*$/) } },
        },
      ],
    });
    expect((await ask('RepositoryIndex')).models[0]).toMatchObject({
      name: 'simple',
      state: 'READY',
    });
  });

  it('loads and unloads nothing, and knows no other model', async () => {
    const { client } = await start();
    const codes = [
      await client.call('RepositoryModelLoad', { modelName: 'simple' }),
      await client.call('RepositoryModelUnload', { modelName: 'simple' }),
      await client.call('ModelReady', { name: 'other' }),
      await client.call('ModelInfer', raw('other'), { metadata: { 'x-request-id': 'abc' } }),
    ];
    expect(codes.map(({ code }) => code)).toEqual([
      status.UNIMPLEMENTED,
      status.UNIMPLEMENTED,
      status.NOT_FOUND,
      status.NOT_FOUND,
    ]);
    expect(codes[3]).toMatchObject({ message: expect.stringContaining('no model "other"') });
    expect(codes[3]!.trailers.get('x-request-id')).toEqual(['abc']);
  });

  it('says what is wrong, and where', async () => {
    const { client, counter } = await start();
    const counted = await counter('/simple', 400);
    const short = raw('simple', { rawInputContents: [bytesOf(A), bytesOf(B).subarray(4)] });
    const told = await client.call('ModelInfer', short);
    const message =
      'Invalid request at raw_input_contents[1]: expected 16 elements of shape [1, 16], got 15';
    expect(told).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: expect.stringContaining(message),
    });
    expect(told.details['BadRequest'].fieldViolations).toEqual([
      expect.objectContaining({ field: '$.raw_input_contents[1]' }),
    ]);
    const mixed = { ...typed('simple'), rawInputContents: [bytesOf(A), bytesOf(B)] };
    expect((await client.call('ModelInfer', mixed)).code).toBe(status.INVALID_ARGUMENT);
    expect(await counted()).toBe(2);
    expect(await client.call('ModelInfer', raw('broken'))).toMatchObject({
      code: status.INTERNAL,
      message: expect.not.stringContaining('secret'),
    });
  });

  it('is healthy, and tells who reflects of itself', async () => {
    const { address } = await start();
    const health = new GrpcClient(HEALTH, 'grpc.health.v1.Health', address);
    const told = await health.call('Check', { service: 'inference.GRPCInferenceService' });
    expect(told.answer).toEqual({ status: 'SERVING' });
    const reflection = new GrpcClient(REFLECTION, 'grpc.reflection.v1.ServerReflection', address);
    const stream = reflection.raw.ServerReflectionInfo();
    const answer: any = await new Promise((resolve) => {
      stream.on('data', resolve);
      stream.write({ listServices: '*' });
    });
    stream.end();
    expect(answer.listServicesResponse.service).toContainEqual({
      name: 'inference.GRPCInferenceService',
    });
  });

  it('leads nobody past a guard', async () => {
    const { client } = await start();
    const flawed = raw('guarded', { rawInputContents: [] });
    for (const request of [raw('guarded'), flawed]) {
      expect((await client.call('ModelInfer', request)).code).toBe(status.PERMISSION_DENIED);
    }
    const metadata = { key: 'right', 'x-request-id': 'abc' };
    const told = await client.call('ModelInfer', raw('guarded'), { metadata });
    expect(told).toMatchObject({ code: status.OK });
    expect(told.head!.get('x-request-id')).toEqual(['abc']);
  });

  it('holds each model to its limit', async () => {
    const { client } = await start();
    expect((await client.call('ModelInfer', raw('small'))).code).toBe(status.OK);
    const large = raw('small', { id: 'x'.repeat(500) });
    expect((await client.call('ModelInfer', large)).code).toBe(status.RESOURCE_EXHAUSTED);
    const huge = raw('simple', { id: 'x'.repeat(11 * 2 ** 20) });
    expect((await client.call('ModelInfer', huge)).code).toBe(status.RESOURCE_EXHAUSTED);
  });

  it('has a deadline', async () => {
    const { client } = await start();
    expect((await client.call('ModelInfer', raw('hurry'))).code).toBe(status.DEADLINE_EXCEEDED);
  });

  it('lets go of a client that leaves', async () => {
    const { client, counter } = await start();
    const counted = await counter('/held', 499);
    const call = client.raw.ModelInfer(raw('held'), () => {});
    const { signal } = await held.promise;
    call.cancel();
    await expect.poll(() => signal.aborted).toBe(true);
    await expect.poll(counted).toBe(1);
  });

  it('refuses what is no message', async () => {
    const { address } = await start();
    const session = openSession(address);
    const call = (body: Uint8Array, headers?: Record<string, string>) =>
      rawCall(session, '/inference.GRPCInferenceService/ModelInfer', body, headers);
    const corrupt = gzipSync('x').subarray(0, 9);
    const told = [
      await call(framed(Buffer.of(10, 200, 1))),
      await call(Buffer.alloc(0)),
      await call(framed(corrupt, true), { 'grpc-encoding': 'gzip' }),
      await rawCall(session, STREAM, framed(corrupt, true), { 'grpc-encoding': 'gzip' }),
      // Compressed, as nobody has said how.
      await rawCall(session, STREAM, framed(encoded(raw('simple')), true)),
      await rawCall(
        session,
        '/inference.GRPCInferenceService/ModelReady',
        framed(Buffer.of(10, 200, 1)),
      ),
    ];
    expect(told.map(({ code }) => code)).toEqual(told.map(() => status.INVALID_ARGUMENT));
  });

  it('answers each message of a stream, in their order, whatever becomes of the others', async () => {
    const { client, counter } = await start();
    const answered = await counter('/simple', 200);
    const refused = await counter('/guarded', 403);
    const stream = client.raw.ModelStreamInfer();
    const answers: any[] = [];
    stream.on('data', (answer: unknown) => answers.push(answer));
    const ended = new Promise((resolve, reject) => {
      stream.on('end', resolve);
      stream.on('error', reject);
    });
    for (let id = 0; id < 200; id++) {
      const model = ['simple', 'other', 'guarded'][id % 3]!;
      stream.write(raw(model, { id: String(id) }));
    }
    stream.end();
    await ended;
    expect(answers.map(({ inferResponse }) => inferResponse.id)).toEqual(
      Array.from({ length: 200 }, (_, id) => String(id)),
    );
    expect(answers[0]).toMatchObject({
      inferResponse: { rawOutputContents: [bytesOf(SUMS), expect.anything()] },
    });
    expect(answers[1].errorMessage).toBe('There is no model "other"');
    // By this clients of Triton know that no further answer to a request is to come.
    for (const { inferResponse } of answers) {
      expect(inferResponse.parameters).toMatchObject({
        triton_final_response: { boolParam: true },
      });
    }
    expect(answers[2].errorMessage).not.toBe('');
    expect(await answered()).toBe(67);
    expect(await refused()).toBe(66);
  });

  it('counts what messages of streams hold as uploads, until they are taken or their stream is over', async () => {
    const limited = { ...parts, options: { maxUploadBytes: 1_000 } };
    const app = await startGrpc(way, limited);
    const client = new GrpcClient(TEXT, 'inference.GRPCInferenceService', app.address);
    const session = openSession(app.address);
    const open = () => {
      const stream = session.request({ ...HEAD, ':path': STREAM });
      stream.on('error', () => {});
      return stream;
    };
    const infer = async (bytes = 900) => {
      const id = 'x'.repeat(bytes - 300);
      return (await client.call('ModelInfer', raw('simple', { id }))).code;
    };
    /** No byte is held for good. */
    const isFree = () => expect.poll(infer).toBe(status.OK);
    const message = framed(encoded(raw('simple', { id: 'x'.repeat(500) })));

    const sent = open();
    sent.write(message.subarray(0, 600));
    await expect.poll(infer).toBe(status.RESOURCE_EXHAUSTED);
    expect(await infer(350)).toBe(status.OK);
    const body = { inputs: [], id: 'x'.repeat(600) };
    expect((await app.post('/v2/models/simple/infer', body)).status).toBe(429);
    expect(await rawCall(session, STREAM, message)).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      message: 'Too many bytes are being uploaded at once',
    });
    // It holds them until its last byte; then byte by byte, then two at once.
    sent.write(message.subarray(600));
    await once(sent, 'data');
    await isFree();
    for (const byte of message) sent.write(Buffer.of(byte));
    await once(sent, 'data');
    await isFree();
    const small = framed(encoded(raw('simple')));
    sent.write(Buffer.concat([small, small]));
    await once(sent, 'data');
    await isFree();

    const left = open();
    left.write(message.subarray(0, 600));
    await expect.poll(infer).toBe(status.RESOURCE_EXHAUSTED);
    left.close(8);
    await isFree();
    const bomb = framed(gzipSync(encoded(raw('simple', { id: 'x'.repeat(5_000) }))), true);
    expect(await rawCall(session, STREAM, bomb, { 'grpc-encoding': 'gzip' })).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      messages: [],
    });
    await isFree();
    for (let i = 0; i < 20; i++) {
      const { messages } = await rawCall(session, STREAM, Buffer.concat([message, framed(BROKEN)]));
      expect(messages).toHaveLength(2);
    }
    await isFree();
  });

  it('answers what it has read of a stream before it refuses the rest', async () => {
    const app = await startGrpc(way, { ...parts, options: { maxUploadBytes: 1_000 } });
    const session = openSession(app.address);
    const stream = session.request({ ...HEAD, ':path': STREAM });
    const answers: Buffer[] = [];
    stream.on('data', (answer: Buffer) => answers.push(answer));
    const ended = once(stream, 'trailers');
    stream.write(framed(encoded(raw('simple'))));
    await expect.poll(() => answers.length).toBe(1);
    stream.write(framed(encoded(raw('simple', { id: 'x'.repeat(2_000) }))));
    const [trailers] = await ended;
    expect(trailers['grpc-status']).toBe(String(status.RESOURCE_EXHAUSTED));
    stream.close();
  });

  it('cancels what a stream has asked for when its client leaves', async () => {
    const { client, counter } = await start();
    const counted = await counter('/held', 499);
    const stream = client.raw.ModelStreamInfer();
    stream.on('error', () => {});
    stream.write(raw('held'));
    const { signal } = await held.promise;
    stream.cancel();
    await expect.poll(() => signal.aborted).toBe(true);
    await expect.poll(counted).toBe(1);
  });

  it('does not hold the app up when it closes, and says what has no answer', async () => {
    const { client, close } = await start();
    const open = async () => {
      const stream = client.raw.ModelStreamInfer();
      const ended = new Promise<number>((resolve) =>
        stream.on('status', ({ code }: { code: number }) => resolve(code)),
      );
      const answered = new Promise((resolve) => stream.on('data', resolve));
      stream.on('error', () => {});
      stream.write(raw('simple'));
      await answered;
      return { stream, ended };
    };
    const over = await open();
    over.stream.end();
    expect(await over.ended).toBe(status.OK);
    const { ended } = await open();
    await close();
    expect(await ended).toBe(status.UNAVAILABLE);
  });
});

function lengthPrefixed(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}
