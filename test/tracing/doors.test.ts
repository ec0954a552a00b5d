import { ModelEndpoint } from 'nestjs-model-serving';
import { describe, it } from 'vitest';
import { DOORS } from '../gate/doors.js';
import { anyObject } from '../gate/grpc-door.js';
import { expectTraces, inSpan } from './spans.js';

@ModelEndpoint('/run', anyObject('run'))
class Model {
  predict(input: { fail?: boolean }) {
    if (input.fail) throw new Error('the model is broken');
    return inSpan('outgoing', () => input);
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
