import { constants } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { status } from '@grpc/grpc-js';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ADAPTERS, createApp } from '../serving-app.js';
import { LengthModel } from './length-model.js';
import { framed, openSession, rawCall } from './raw-call.js';

const RUN = '/acme.Model/Run';
const EMPTY = framed(Buffer.alloc(0));
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A frame of HTTP/2 (RFC 9113, 4.1). */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

const NOTHING = Buffer.alloc(0);
const [HEADERS, SETTINGS, PING, CONTINUATION] = [1, 4, 6, 9];
const GREETING = Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, NOTHING)]);
/** A header whose name and value stand there as they are (RFC 7541, 6.2.2). */
const FIELD = Buffer.concat([
  Buffer.from([0, 3]),
  Buffer.from('x-a'),
  Buffer.from([100]),
  Buffer.alloc(100, 'a'),
]);

/** More of it is to come. */
const OPEN_HEAD = frame(HEADERS, 0, 1, FIELD);

const HELLOS = [
  PREFACE,
  GREETING,
  Buffer.concat([PREFACE, frame(SETTINGS, 0, 0, NOTHING).subarray(0, 4)]),
  Buffer.concat([GREETING, frame(HEADERS, 4, 1, NOTHING).subarray(0, 7)]),
];

describe.each(ADAPTERS)('gRPC on %s, by hostile frames,', (adapter) => {
  let app: INestApplication;
  let address: string;
  beforeAll(async () => {
    app = await createApp(adapter, { controllers: [LengthModel], imports: [GrpcModule.forRoot()] });
    await app.listen(0, '127.0.0.1');
    address = new URL(await app.getUrl()).host;
  });
  afterAll(() => app.close());
  /** Whatever was done to it, it answers others. */
  afterEach(async () => {
    expect(await rawCall(openSession(address), RUN, EMPTY)).toMatchObject({ code: status.OK });
  });

  async function open(first: Buffer, host = address): Promise<Socket> {
    const { hostname, port } = new URL(`http://${host}`);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(first);
    return socket;
  }

  /** Sends the same over and over, and reads nothing, until the connection is ended for it. */
  async function flood(socket: Socket, bytes: Buffer): Promise<void> {
    socket.pause();
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    (function write(): void {
      if (socket.destroyed) return;
      if (socket.write(bytes)) setImmediate(write);
      else socket.once('drain', write);
    })();
    await ended;
  }

  it.each([
    ['pings', frame(PING, 0, 0, Buffer.alloc(8))],
    ['settings', frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 0, 255, 255]))],
  ])('ends a connection that floods it with %s', async (_, one) => {
    await flood(await open(GREETING), Buffer.concat(Array.from({ length: 500 }, () => one)));
  });

  it('ends a connection whose head never does', async () => {
    const socket = await open(Buffer.concat([GREETING, OPEN_HEAD]));
    await flood(socket, frame(CONTINUATION, 0, 1, Buffer.concat(Array(100).fill(FIELD))));
  });

  it('refuses metadata without end, and serves others on the connection or a new one', async () => {
    const session = openSession(address);
    const huge = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`x-${i}`, 'a'.repeat(4_000)]),
    );
    const told = await Promise.race([
      rawCall(session, RUN, EMPTY, huge).catch((error: Error) => error),
      new Promise((resolve) => session.once('close', () => resolve(new Error('closed')))),
    ]);
    expect(told).toBeInstanceOf(Error);
  });

  it('takes as much metadata as clients of gRPC send', async () => {
    const much = { 'x-a': 'a'.repeat(7_000) };
    expect(await rawCall(openSession(address), RUN, EMPTY, much)).toMatchObject({ code: 0 });
  });

  it('has room for many connections that say no more than hello', async () => {
    const hellos = [...HELLOS, PREFACE.subarray(0, 10), Buffer.concat([GREETING, OPEN_HEAD])];
    const sockets = Array.from({ length: 120 }, (_, i) => open(hellos[i % hellos.length]!));
    await Promise.all(sockets);
  });

  it('is not kept from its end by connections that say no more than hello', async () => {
    const other = await createApp(adapter, {
      controllers: [LengthModel],
      imports: [GrpcModule.forRoot()],
    });
    await other.listen(0, '127.0.0.1');
    const { host } = new URL(await other.getUrl());
    const ended = HELLOS.map(async (hello) => {
      const socket = await open(hello, host);
      return new Promise((resolve) => socket.once('close', resolve).resume());
    });
    // By then they have come.
    expect(await rawCall(openSession(host), RUN, EMPTY)).toMatchObject({ code: status.OK });
    await other.close();
    await Promise.all(ended);
  });

  it('takes a body in frames of a byte, and empty ones between', async () => {
    const session = openSession(address);
    const stream = session.request({
      [constants.HTTP2_HEADER_METHOD]: 'POST',
      [constants.HTTP2_HEADER_PATH]: RUN,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const answered = new Promise<Buffer>((resolve) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => resolve(Buffer.concat(chunks)));
    });
    const text = Buffer.alloc(100, 'x');
    for (const byte of framed(Buffer.concat([Buffer.from([10, 100]), text]))) {
      stream.write(Buffer.from([byte]));
      stream.write(NOTHING);
    }
    stream.end();
    expect(await answered).toEqual(framed(Buffer.from([8, 100])));
  });
});
