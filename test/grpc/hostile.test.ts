import { constants, type ClientHttp2Session } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { INestApplication } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, createApp } from '../serving-app.js';
import { framed, openSession, rawCall } from './raw-call.js';

const proto = `
  syntax = "proto3"; package acme;
  message Request { string text = 1; } message Response { int32 length = 1; }
  service Model { rpc Run(Request) returns (Response); rpc Tell(Request) returns (stream Response); }`;
const files = { file: 'a.proto', files: { 'a.proto': proto } };

let begun = 0;
let ended = 0;

@ModelEndpoint('/run', protobufSchema(files, { rpc: 'Model.Run' }))
class Run {
  async predict({ text }: { text?: string }) {
    begun++;
    await new Promise(setImmediate);
    ended++;
    return { length: text?.length ?? 0 };
  }
}
@ModelEndpoint('/tell', protobufSchema(files, { rpc: 'Model.Tell' }), { stream: true })
class Tell {
  async *predict() {
    begun++;
    try {
      for (let n = 0; ; n++) yield { length: n };
    } finally {
      ended++;
    }
  }
}

const RUN = '/acme.Model/Run';
const EMPTY = framed(Buffer.alloc(0));
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

describe.each(ADAPTERS)('gRPC on %s, under attack,', (adapter) => {
  let app: INestApplication;
  let address: string;
  beforeAll(async () => {
    app = await createApp(adapter, { controllers: [Run, Tell], imports: [GrpcModule.forRoot()] });
    await app.listen(0, '127.0.0.1');
    address = new URL(await app.getUrl()).host;
  });
  afterAll(() => app.close());
  /** Whatever was done to it, it answers others. */
  afterEach(async () => {
    expect(await rawCall(openSession(address), RUN, EMPTY)).toMatchObject({ code: status.OK });
  });

  it.each<[string, string, Record<string, string>]>([
    ['a path beyond ASCII', '/acme.Model/R\u00fcn\u0080', {}],
    ['a path of controls', '/acme.Model/R\tn', {}],
    ['a long path', `/${'x'.repeat(20_000)}`, {}],
    ['no type of content', RUN, { 'content-type': '' }],
    ['a type beyond ASCII', RUN, { 'content-type': 'application/grpc+\u00fc' }],
    ['an encoding beyond ASCII', RUN, { 'grpc-encoding': '\u00fc\u0080' }],
    ['a timeout of nothing', RUN, { 'grpc-timeout': '' }],
    ['a timeout beyond ASCII', RUN, { 'grpc-timeout': '\u00fc' }],
    ['a long timeout', RUN, { 'grpc-timeout': '99999999H' }],
    ['a negative timeout', RUN, { 'grpc-timeout': '-1S' }],
    ['no base64', RUN, { 'x-a-bin': '\u00fc!!,,=' }],
    ['names of prototypes', RUN, { __proto__: 'a', constructor: 'b', 'x-__proto__-bin': 'YQ' }],
    ['an id beyond ASCII', RUN, { 'x-request-id': '\u00fc' }],
    ['a long id', RUN, { 'x-request-id': 'x'.repeat(5000) }],
    ['a content length that lies', RUN, { 'content-length': '3' }],
    ['cache directives', RUN, { 'cache-control': '\u00fc,no-cache=,=' }],
  ])('survives %s', async (_, path, headers) => {
    for (const isCompressed of [false, true]) {
      // Of its own: some versions of Node end it for such a call.
      const session = openSession(address);
      const body = framed(Buffer.alloc(0), isCompressed);
      await Promise.race([
        rawCall(session, path, body, headers).catch((error: Error) => error),
        new Promise((resolve) => session.once('close', resolve)),
      ]);
    }
  });

  it('survives noise behind the preface', async () => {
    let seed = 7;
    const random = () => (seed = (seed * 1_103_515_245 + 12_345) & 0x7f_ff_ff_ff) / 0x80_00_00_00;
    const noise = () => Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256)));
    const { hostname, port } = new URL(`http://${address}`);
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const socket = connect(Number(port), hostname);
        socket.on('error', () => {});
        socket.once('data', () => socket.destroy());
        socket.end(Buffer.concat([PREFACE, noise()]));
        await new Promise((resolve) => socket.once('close', resolve));
      }),
    );
  });

  it('bounds what a flood of resets makes it do', async () => {
    const session = openSession(address);
    const closed = new Promise((resolve) => session.once('close', resolve));
    const before = begun;
    let sent = 0;
    flood();
    function flood(): void {
      if (session.destroyed || session.closed) return;
      for (let n = 0; n < 100; n++) {
        const stream = request(session);
        stream.on('error', () => {});
        stream.end(EMPTY);
        stream.close(constants.NGHTTP2_CANCEL);
        sent++;
      }
      setImmediate(flood);
    }
    // The connection is ended for it.
    await closed;
    expect(sent).toBeGreaterThan(500);
    expect(begun - before).toBeLessThanOrEqual(sent);
    while (begun !== ended) await new Promise(setImmediate);
  });

  it.each([
    ['health', '/grpc.health.v1.Health/Check'],
    ['reflection', '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'],
  ])('keeps nothing large for %s', async (_, path) => {
    const session = openSession(address);
    const large = framed(Buffer.alloc(1_000_000));
    const bomb = framed(gzipSync(Buffer.alloc(1_000_000)), true);
    const told = [
      // The rest of it never comes.
      await rawCall(session, path, large.subarray(0, 100_000), {}, { isWhole: false }),
      await rawCall(session, path, large),
      await rawCall(session, path, bomb, { 'grpc-encoding': 'gzip' }),
    ];
    const message = 'Expected a message of at most 65536 bytes';
    const refused = { code: status.RESOURCE_EXHAUSTED, message, messages: [] };
    expect(told).toMatchObject([refused, refused, refused]);
  });

  it('makes no more of a stream than its client reads', async () => {
    const session = openSession(address);
    const stream = request(session, '/acme.Model/Tell');
    onTestFinished(() => stream.close());
    stream.on('error', () => {});
    stream.end(EMPTY);
    await new Promise((resolve) => stream.once('response', resolve));
    stream.pause();
    // It stops by itself, long before memory is full.
    let last = -1;
    for (let quiet = 0; quiet < 200; quiet++) {
      await new Promise(setImmediate);
      const now = stream.readableLength;
      if (now !== last) quiet = 0;
      last = now;
    }
    expect(last).toBeLessThan(1_000_000);
    stream.close(constants.NGHTTP2_CANCEL);
    while (begun !== ended) await new Promise(setImmediate);
  });
});

function request(session: ClientHttp2Session, path = RUN) {
  return session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
}
