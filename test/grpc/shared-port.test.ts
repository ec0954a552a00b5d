import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Module } from '@nestjs/common';
import { ModelServingModule } from 'nestjs-model-serving';
import { GrpcModule } from 'nestjs-model-serving/grpc';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { selfSigned } from './certificate.js';
import { GrpcClient } from './grpc-client.js';
import { LENGTH_PROTO, LengthModel } from './length-model.js';
import { ADAPTERS, createApp } from '../serving-app.js';
import { stopClock } from '../stopped-clock.js';

const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
const SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);
const REQUEST = Buffer.from(
  'POST /run HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 12\r\n\r\n{"text":"a"}',
);

describe.each(ADAPTERS)('One port for HTTP/1.1 and gRPC, on %s,', (adapter) => {
  let app: INestApplication;
  let url: URL;
  beforeAll(async () => {
    app = await createApp(adapter, { controllers: [LengthModel], imports: [GrpcModule.forRoot()] });
    await app.listen(0, '127.0.0.1');
    url = new URL(await app.getUrl());
  });
  afterAll(() => app.close());

  /** A connection, and the server's end of it. */
  async function open(): Promise<{ client: Socket; server: Socket }> {
    const accepted = once(app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const client = connect(Number(url.port), url.hostname);
    client.on('error', () => {});
    onTestFinished(() => void client.destroy());
    return { client, server: (await accepted)[0] };
  }

  /** Sends bytes, and waits until the server has seen them. */
  async function send({ client, server }: Awaited<ReturnType<typeof open>>, bytes: Uint8Array) {
    const seen = server.bytesRead + bytes.length;
    client.write(bytes);
    while (server.bytesRead < seen) await new Promise(setImmediate);
    await new Promise(setImmediate);
  }

  it('knows a client of HTTP/2 by its preface, wherever that is cut', async () => {
    for (let cut = 1; cut <= PREFACE.length; cut++) {
      const connection = await open();
      await send(connection, PREFACE.subarray(0, cut));
      const answer = once(connection.client, 'data') as Promise<[Buffer]>;
      connection.client.write(Buffer.concat([PREFACE.subarray(cut), SETTINGS]));
      // The server's own preface is a frame of settings.
      expect((await answer)[0][3], `cut at ${cut}`).toBe(4);
      connection.client.destroy();
    }
    const connection = await open();
    for (const byte of PREFACE) await send(connection, Buffer.of(byte));
    connection.client.write(SETTINGS);
    expect(((await once(connection.client, 'data')) as [Buffer])[0][3]).toBe(4);
  });

  it('leaves a request of HTTP/1.1 as it is, wherever that is cut', async () => {
    for (const cut of [1, 2, 3, 4, 5, 17, 30, REQUEST.length - 12, REQUEST.length - 1]) {
      const connection = await open();
      await send(connection, REQUEST.subarray(0, cut));
      let text = '';
      connection.client.on('data', (bytes: Buffer) => (text += bytes.toString()));
      connection.client.write(REQUEST.subarray(cut));
      await once(connection.client, 'close');
      expect(text, `cut at ${cut}`).toMatch(/^HTTP\/1\.1 200 OK[^]*{"length":1}$/);
    }
  });

  it('leaves to the HTTP parser what only begins like a preface', async () => {
    for (const first of ['PRI * HTTP/2.0\r\n\r\nSM\r\n\rX', 'PRX / HTTP/1.1\r\n\r\n', '\r\n\0']) {
      const { client } = await open();
      client.write(first);
      const [bytes] = (await once(client, 'data')) as [Buffer];
      expect(bytes.toString(), first).toMatch(/^HTTP\/1\.1 400/);
    }
  });

  it('keeps connections of HTTP/1.1 alive, and takes several requests at once on them', async () => {
    const { client } = await open();
    const keepAlive = REQUEST.toString().replace('Connection: close\r\n', '');
    let text = '';
    client.on('data', (bytes: Buffer) => (text += bytes.toString()));
    client.write(keepAlive + keepAlive);
    while (text.split('{"length":1}').length < 3) await once(client, 'data');
    client.write(REQUEST);
    await once(client, 'close');
    expect(text.split('{"length":1}')).toHaveLength(4);
  });

  it('ends a connection whose first bytes do not come', async () => {
    const clock = stopClock();
    const silent = await open();
    const slow = await open();
    await send(slow, PREFACE.subarray(0, 1));
    const known = await open();
    await send(known, REQUEST.subarray(0, 40));
    const ends = Promise.all([silent, slow].map((each) => once(each.client.resume(), 'close')));
    clock.advance(9_999);
    await new Promise(setImmediate);
    expect([silent, slow].map(({ server }) => server.destroyed)).toEqual([false, false]);
    clock.advance(1);
    await ends;
    // Whose first bytes have come is Node's business.
    known.client.write(REQUEST.subarray(40));
    expect(String((await once(known.client, 'data'))[0])).toMatch(/^HTTP\/1\.1 200/);
  });

  it('survives clients that leave in the middle of the first bytes', async () => {
    for (const leave of ['end', 'resetAndDestroy', 'destroy'] as const) {
      const connection = await open();
      await send(connection, PREFACE.subarray(0, 5));
      connection.client[leave]();
      const { server } = connection;
      if (!server.destroyed) await new Promise((resolve) => server.once('close', resolve));
    }
  });

  it('refuses plain HTTP over HTTP/2 by a status', async () => {
    const session = connectHttp2(url.href);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ':method': 'POST', ':path': '/run' });
    stream.end('{}');
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(415);
  });

  it('serves a thousand calls on one connection, beside requests of HTTP', async () => {
    const client = new GrpcClient(LENGTH_PROTO, 'acme.Model', url.host);
    const calls = Array.from({ length: 1000 }, (_, n) =>
      client.call('Run', { text: 'x'.repeat((n % 7) + 1) }),
    );
    const posts = Array.from({ length: 20 }, () =>
      fetch(new URL('/run', url), { method: 'POST', body: '{"text":"ab"}' }).then((r) => r.json()),
    );
    const answers = await Promise.all(calls);
    expect(answers.map(({ answer }) => answer?.length)).toEqual(answers.map((_, n) => (n % 7) + 1));
    expect(await Promise.all(posts)).toEqual(posts.map(() => ({ length: 2 })));
  });
});

describe('A port that cannot be shared', () => {
  @Module({
    imports: [ModelServingModule.forRoot(), GrpcModule.forRoot()],
    controllers: [LengthModel],
  })
  class AppModule {}
  const quiet = { logger: false, abortOnError: false } as const;

  it.each(['express', 'fastify'])('is refused at boot beside TLS (%s)', async (adapter) => {
    const tls = selfSigned();
    const app =
      adapter === 'express'
        ? await NestFactory.create(AppModule, { ...quiet, httpsOptions: tls })
        : await NestFactory.create(AppModule, new FastifyAdapter({ https: tls }), quiet);
    onTestFinished(() => app.close());
    await expect(app.listen(0)).rejects.toThrow(
      "GrpcModule: expected a port of its own beside TLS on the app's, got none; pass { port }",
    );
  });

  it("is refused at boot beside Fastify's http2", async () => {
    const app = await NestFactory.create(AppModule, new FastifyAdapter({ http2: true }), quiet);
    onTestFinished(() => app.close());
    await expect(app.listen(0)).rejects.toThrow(
      /^GrpcModule: expected a port of its own beside http2/,
    );
  });
});
