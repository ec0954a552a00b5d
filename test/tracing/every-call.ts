import { Controller, type INestApplication } from '@nestjs/common';
import { context, propagation } from '@opentelemetry/api';
import { ModelEndpoint, protobufSchema, type PredictContext } from 'nestjs-model-serving';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { callEndpoint } from 'nestjs-model-serving/testing';
import { expect } from 'vitest';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { TEXT } from '../../src/open-inference/grpc/inference-proto.js';
import { anyObject, PROTO } from '../gate/grpc-door.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import { startGrpc } from '../grpc/shared-app.js';
import type { Adapter } from '../serving-app.js';

const rows = protobufSchema({
  file: 'a.proto',
  files: {
    'a.proto': `syntax = "proto3";
      message Request { int32 x = 1; }
      message Response { int32 y = 1; }`,
  },
});

/** What a handler would send to others along with what it asks of them. */
export function outgoing(): Record<string, string> {
  const carrier = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

@Controller()
class Models {
  /** The `traceparent` of what each run would ask of others. */
  readonly sent: (string | undefined)[] = [];

  note({ log }: PredictContext): void {
    this.sent.push(outgoing()['traceparent']);
    log.log('a run');
  }

  @ModelEndpoint('/run', anyObject('run'), { jobs: true })
  run({ fail }: { fail?: boolean }, context: PredictContext) {
    this.note(context);
    if (fail) throw new Error('the model is broken');
    return {};
  }

  @ModelEndpoint('/count', anyObject('count'), { stream: true })
  async *count(_: object, context: PredictContext) {
    this.note(context);
    yield {};
    yield {};
  }

  @ModelEndpoint('/batched', undefined, { batch: { maxSize: 4 }, cache: true })
  batched(inputs: object[], contexts: PredictContext[]) {
    this.note(contexts[0]!);
    return inputs;
  }

  @ModelEndpoint('/rows', rows, { name: 'rows', version: '1', maxConcurrency: 1 })
  rows({ x = 0 }: { x?: number }, context: PredictContext) {
    this.note(context);
    return { y: x };
  }
}

/** How many runs one round of calls makes: two of each request with rows. */
export const RUNS = 15;

export interface EveryCall {
  readonly sent: Models['sent'];
  /** Calls by every door, one after the other, until the server is done with all of them. */
  callAll(headers?: Record<string, string>): Promise<void>;
}

/** An app with every door that a call can come by. */
export async function startEveryDoor(adapter: Adapter): Promise<EveryCall> {
  const { app, address, post } = await startGrpc(
    { adapter, port: "the app's port" },
    {
      controllers: [Models],
      imports: [OpenInferenceModule.forRoot(), JobsModule.forRoot({ connection: 'memory' })],
    },
  );
  const door = new GrpcClient(PROTO, 'Door', address);
  const inference = new GrpcClient(TEXT, 'inference.GRPCInferenceService', address);
  const tensor = { name: 'x', datatype: 'INT32', shape: [2] };
  const contents = { intContents: [1, 2] };
  const infer = { modelName: 'rows', inputs: [{ ...tensor, contents }] };

  async function callAll(headers: Record<string, string> = {}): Promise<void> {
    const statuses = [
      await post('/run', {}, headers),
      await post('/run', { fail: true }, headers),
      await post('/run', 'no JSON', headers),
      await post('/count', {}, headers),
      await post('/batched', {}, headers),
      // The cache has it.
      await post('/batched', {}, headers),
      await post('/v2/models/rows/infer', { inputs: [{ ...tensor, data: [1, 2] }] }, headers),
    ].map(({ status }) => status);
    expect(statuses).toEqual([200, 500, 400, 200, 200, 200, 200]);
    expect(await callEndpoint(app, '/run', {}, { headers })).toEqual({});
    const codes = [
      await door.call('run', {}),
      await door.call('run', { fields: { fail: { boolValue: true } } }),
      await door.stream('count', {}),
      await inference.call('ModelInfer', infer),
    ].map(({ code }) => code);
    expect(codes).toEqual([0, 13, 0, 0]);
    const stream = inference.raw['ModelStreamInfer']!();
    const ended = new Promise((resolve) => stream.on('data', () => {}).on('end', resolve));
    stream.end(infer);
    await ended;
    const job = await post('/run', {}, { ...headers, prefer: 'respond-async, wait=20' });
    expect(job.headers.get('preference-applied')).toMatch(/^wait=/);
    expect(job.status).toBe(200);
    await expect.poll(() => underway(app)).toBe(0);
  }

  return { sent: app.get(Models).sent, callAll };
}

/** How much the app has not ended yet. */
export function underway(app: INestApplication): number {
  const { routes } = app.get(EndpointRegistry, { strict: false });
  return [...routes.values()].reduce(
    (sum, { inFlight, executor }) => sum + inFlight + executor.running + executor.queued,
    0,
  );
}
