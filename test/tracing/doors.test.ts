import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { DOORS } from '../gate/doors.js';
import { anyObject, PROTO } from '../gate/grpc-door.js';
import { GrpcClient } from '../grpc/grpc-client.js';
import { startGrpc } from '../grpc/shared-app.js';
import { ADAPTERS } from '../serving-app.js';
import { expectTraces, inSpan } from './spans.js';

@ModelEndpoint('/run', anyObject('run'))
class Model {
  predict(input: { fail?: boolean }) {
    if (input.fail) throw new Error('the model is broken');
    return inSpan('outgoing', () => input);
  }
}

@ModelEndpoint('/count', anyObject('count'), { stream: true })
class Counting {
  async *predict({ fail }: { fail?: boolean }) {
    yield await inSpan('first', () => ({ x: 1 }));
    if (fail) throw new Error('the model is broken');
    yield await inSpan('second', () => ({ x: 2 }));
  }
}

const SERVERS: Record<string, string[]> = {
  HTTP: ['SERVER POST /run route=/run'],
  // The client is instrumented, too, and in the same process.
  gRPC: ['grpc.Door/run', 'SERVER grpc.Door/run'],
  callEndpoint: [],
};

describe.each(DOORS)('a call by $door', ({ door, open }) => {
  const above = SERVERS[/^\w+/.exec(door)![0]]!;
  /** A tree of the servers' spans, which end as the call does, and of what is below them. */
  const tree = (mark: string, ...below: string[]) => [
    ...above.map((line, depth) => '  '.repeat(depth) + line + mark),
    ...below.map((line) => '  '.repeat(above.length) + line),
  ];

  it('is a span below what the server of the door has', async () => {
    const { call } = await open({ controllers: [Model] });
    await call('/run', {}, { 'x-request-id': 'a' });
    await expectTraces(...tree('', 'predict a outcome=ok (started)', '  outgoing'));
  });

  it('is a failed span where it has failed', async () => {
    const { call } = await open({ controllers: [Model] });
    await call('/run', { fail: true }, { 'x-request-id': 'a' });
    await expectTraces(
      ...tree(' ERROR', 'predict a outcome=error error=INTERNAL (started, exception) ERROR'),
    );
  });
});

describe.each(ADAPTERS)('a stream by gRPC on %s', (adapter) => {
  const start = async () => {
    const controllers = [Counting];
    const { address } = await startGrpc({ adapter, port: "the app's port" }, { controllers });
    return new GrpcClient(PROTO, 'Door', address);
  };
  const metadata = { 'x-request-id': 'a' };

  it('is a span until its last item', async () => {
    const client = await start();
    const { code, items } = await client.stream('count', {}, { metadata });
    expect([code, items.length]).toEqual([0, 2]);
    await expectTraces(
      'grpc.Door/count',
      '  SERVER grpc.Door/count',
      '    predict a outcome=ok (started)',
      '      first',
      '      second',
    );
  });

  it('is a failed span where it breaks', async () => {
    const client = await start();
    const fields = { fail: { boolValue: true } };
    const { code, items } = await client.stream('count', { fields }, { metadata });
    expect([code, items.length]).toEqual([13, 1]);
    await expectTraces(
      'grpc.Door/count ERROR',
      '  SERVER grpc.Door/count ERROR',
      '    predict a outcome=error error=INTERNAL (started, exception) ERROR',
      '      first',
    );
  });
});
