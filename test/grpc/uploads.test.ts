import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { levelsAre } from '../execution-http/levels.js';
import { GrpcClient } from './grpc-client.js';
import { LENGTH_PROTO, LengthModel } from './length-model.js';
import { framed, openSession, rawCall } from './raw-call.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

const HEAD = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
const PATH = '/acme.Model/Run';

describe.each(GRPC_DOORS)('What uploads hold together, on $door,', (way) => {
  it('is bounded by maxUploadBytes, those of HTTP included', async () => {
    const parts = { controllers: [LengthModel], options: { maxUploadBytes: 1_000 } };
    const app = await startGrpc(way, parts);
    const client = new GrpcClient(LENGTH_PROTO, 'acme.Model', app.address);
    const session = openSession(app.address);
    const slow = session.request({ ...HEAD, ':path': PATH });
    slow.on('error', () => {});
    const text = 'x'.repeat(300);
    const message = Buffer.concat([Buffer.from([10, 172, 2]), Buffer.from(text)]);
    slow.write(framed(Buffer.alloc(2_000)).subarray(0, 800));
    await levelsAre(app, { in_flight: 1 });
    // What comes behind it on the same connection is read behind it.
    for (const [body, head] of [
      [framed(message), {}],
      [framed(gzipSync(message), true), { 'grpc-encoding': 'gzip' }],
    ] as const) {
      const refused = await rawCall(session, PATH, body, head);
      expect(refused).toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
        message: 'Too many bytes are being uploaded at once',
      });
    }
    expect(await client.call('run', { text })).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
      details: { RetryInfo: { retryDelay: { seconds: 1 } } },
    });
    expect((await app.post('/run', JSON.stringify({ text }))).status).toBe(429);
    expect(await client.call('run', { text: 'small' })).toMatchObject({ answer: { length: 5 } });

    slow.close(8);
    await levelsAre(app, { in_flight: 0 });
    expect(await client.call('run', { text })).toMatchObject({ answer: { length: 300 } });
    expect((await app.post('/run', JSON.stringify({ text }))).status).toBe(200);
  });

  it('does not grow with calls that are over', async () => {
    const parts = { controllers: [LengthModel], options: { maxUploadBytes: 1_000 } };
    const app = await startGrpc(way, parts);
    const client = new GrpcClient(LENGTH_PROTO, 'acme.Model', app.address);
    const session = openSession(app.address);
    for (let i = 0; i < 20; i++) {
      expect((await rawCall(session, PATH, framed(Buffer.alloc(600, 255)))).code).toBe(
        status.INVALID_ARGUMENT,
      );
      expect(await client.call('run', { text: 'x'.repeat(900) })).toMatchObject({ code: 0 });
    }
  });
});
