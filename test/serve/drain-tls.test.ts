import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Drain } from '../../src/lifecycle/drain.js';
import { selfSigned } from '../grpc/certificate.js';

@Module({})
class TestModule {}

const https = selfSigned();
const quiet = { logger: false } as const;

describe.each([
  ['express', () => NestFactory.create(TestModule, { ...quiet, httpsOptions: https })],
  ['fastify', () => NestFactory.create(TestModule, new FastifyAdapter({ https }), quiet)],
  [
    "fastify's http2",
    () => NestFactory.create(TestModule, new FastifyAdapter({ https, http2: true }), quiet),
  ],
])('Drain beside TLS, on %s,', (_, create) => {
  it('does not wait for handshakes that do not come', async () => {
    const app = await create();
    Drain.for(app.getHttpAdapter() as never).configure({ quietPeriod: 20 });
    await app.listen(0, '127.0.0.1');
    const server = app.getHttpServer();
    const { port } = server.address() as AddressInfo;
    const ends: Promise<unknown>[] = [];
    for (const said of ['', '\x16\x03\x01']) {
      const accepted = once(server, 'connection');
      const client = connect(port, '127.0.0.1').resume();
      onTestFinished(() => void client.destroy());
      if (said !== '') client.write(said, 'latin1');
      await accepted;
      ends.push(once(client, 'close'));
    }
    await app.close();
    expect(await Promise.all(ends)).toHaveLength(2);
  });
});
