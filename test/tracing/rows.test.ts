import type { INestApplication } from '@nestjs/common';
import { context, createContextKey, SpanKind } from '@opentelemetry/api';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { OpenInferenceModule } from 'nestjs-model-serving/open-inference';
import { describe, expect, it } from 'vitest';
import { TEXT } from '../../src/open-inference/grpc/inference-proto.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import { startGrpc } from '../grpc/shared-app.js';
import { ADAPTERS, startApp } from '../serving-app.js';
import { expectTraces, inSpan, spanNamed, spans } from './spans.js';

const schema = protobufSchema({
  file: 'a.proto',
  files: {
    'a.proto': `syntax = "proto3";
      message Request { int32 x = 1; }
      message Response { int32 y = 1; }`,
  },
});

interface Input {
  x?: number;
}

@ModelEndpoint('/single', schema, { name: 'single', version: '1', maxConcurrency: 1 })
class Single {
  async predict({ x = 0 }: Input) {
    await inSpan(`outgoing of ${x}`, () => undefined);
    return { y: x };
  }
}

@ModelEndpoint('/batched', schema, { name: 'batched', version: '1', batch: { maxSize: 2 } })
class Batched {
  predict(inputs: Input[]) {
    return inSpan('outgoing', () => inputs.map(({ x = 0 }) => ({ y: x })));
  }
}

@ModelEndpoint('/cached', schema, { name: 'cached', version: '1', cache: true })
class Cached extends Single {}

const parts = { controllers: [Single, Batched, Cached], imports: [OpenInferenceModule.forRoot()] };

/** How rows are sent, and the spans above that of their request. */
const DOORS = {
  async REST(adapter: (typeof ADAPTERS)[number]) {
    const { post } = await startGrpc({ adapter, port: "the app's port" }, parts);
    const above = () => ['SERVER POST /v2/models/:model/infer route=/v2/models/:model/infer'];
    const infer = async (model: string, data: number[]) => {
      const inputs = [{ name: 'x', datatype: 'INT32', shape: [data.length], data }];
      const told = await post(`/v2/models/${model}/infer`, { inputs }, { 'x-request-id': 'a' });
      expect(told.status).toBe(200);
    };
    return { above, infer };
  },
  async gRPC(adapter: (typeof ADAPTERS)[number]) {
    const { address } = await startGrpc({ adapter, port: "the app's port" }, parts);
    const client = new GrpcClient(TEXT, 'inference.GRPCInferenceService', address);
    const name = 'grpc.inference.GRPCInferenceService/ModelInfer';
    const above = () => [name, `SERVER ${name}`];
    const infer = async (modelName: string, data: number[]) => {
      const contents = { intContents: data };
      const inputs = [{ name: 'x', datatype: 'INT32', shape: [data.length], contents }];
      const metadata = { 'x-request-id': 'a' };
      const told = await client.call('ModelInfer', { modelName, inputs }, { metadata });
      expect(told.code).toBe(0);
    };
    return { above, infer };
  },
};

describe.each(
  ADAPTERS.flatMap((adapter) => [
    { adapter, door: 'REST' as const },
    { adapter, door: 'gRPC' as const },
  ]),
)('the rows of a request by $door on $adapter', ({ adapter, door }) => {
  const start = async () => {
    const { above, infer } = await DOORS[door](adapter);
    const tree = (...below: string[]) => {
      const lines = above();
      return [
        ...lines.map((line, depth) => '  '.repeat(depth) + line),
        ...below.map((line) => '  '.repeat(lines.length) + line),
      ];
    };
    return { infer, tree };
  };

  it('are one span, which began with the first of them', async () => {
    const { infer, tree } = await start();
    await infer('single', [1, 2]);
    await expectTraces(
      ...tree('predict a outcome=ok (started)', '  outgoing of 1', '  outgoing of 2'),
    );
  });

  it('are one member of each of their batches', async () => {
    const { infer, tree } = await start();
    await infer('batched', [1, 2, 3, 4]);
    await expectTraces(
      ...tree('predict a outcome=ok (started) -> batch:predict batch, batch:predict batch'),
      'predict batch size=2 reason=full -> member:predict a',
      '  outgoing',
      'predict batch size=2 reason=full -> member:predict a',
      '  outgoing',
    );
  });

  it('share what one of them has under way, which is no other call', async () => {
    const { infer, tree } = await start();
    await infer('cached', [1, 1]);
    await expectTraces(...tree('predict a outcome=ok (started)', '  outgoing of 1'));
    expect(spanNamed('predict').links).toEqual([]);
  });
});

describe.each(ADAPTERS)('a request of the protocol on %s', (adapter) => {
  it('has its own route, not what the framework has found for all of them', async () => {
    // As the instrumentations of frameworks leave word of it.
    const mountedAt = adapter === 'express' ? '/v2' : '/v2/models/*';
    const nameMount = (app: INestApplication) =>
      app.use((_: unknown, __: unknown, next: () => void) => {
        const key = createContextKey('OpenTelemetry SDK Context Key RPC_METADATA');
        (context.active().getValue(key) as { route?: string }).route = mountedAt;
        next();
      });
    const { post } = await startApp(adapter, { ...parts, setUp: nameMount });
    const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], data: [1] }];
    await post('/v2/models/single/versions/1/infer', { inputs }, { 'x-request-id': 'a' });
    const route = '/v2/models/:model/versions/:version/infer';
    await expectTraces(
      `SERVER POST ${route} route=${route}`,
      '  predict a outcome=ok (started)',
      '    outgoing of 1',
    );
  });
});

it('each request of ModelStreamInfer is a span of its own, below that of the stream', async () => {
  const { address } = await startGrpc({ adapter: 'express', port: "the app's port" }, parts);
  const client = new GrpcClient(TEXT, 'inference.GRPCInferenceService', address);
  const stream = client.raw['ModelStreamInfer']!();
  const ended = new Promise((resolve) => stream.on('data', () => {}).on('end', resolve));
  for (const id of ['a', 'b']) {
    const contents = { intContents: [7] };
    const inputs = [{ name: 'x', datatype: 'INT32', shape: [1], contents }];
    stream.write({ modelName: 'batched', id, inputs });
  }
  stream.end();
  await ended;
  const name = 'grpc.inference.GRPCInferenceService/ModelStreamInfer';
  await expect.poll(() => spans().filter((span) => span.name === 'predict')).toHaveLength(2);
  await expect.poll(() => spans().filter((span) => span.name === name)).toHaveLength(2);
  const server = spans().find((span) => span.name === name && span.kind === SpanKind.SERVER)!;
  for (const span of spans().filter((one) => one.name === 'predict')) {
    expect(span.parentSpanContext?.spanId).toBe(server.spanContext().spanId);
  }
});
