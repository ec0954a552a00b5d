import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { once } from 'node:events';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it, vi } from 'vitest';
import { Drain } from '../../src/lifecycle/drain.js';

it('finishes the streams of HTTP/2 sessions before anything is released', async () => {
  const events: string[] = [];
  let release!: () => void;
  const held = new Promise<void>((resolve) => (release = resolve));
  const onHeld = vi.fn<() => void>();

  @Controller()
  class TestController {
    @Get()
    async held(): Promise<string> {
      onHeld();
      await held;
      events.push('answered');
      return 'held';
    }

    onModuleDestroy(): void {
      events.push('released');
    }
  }

  @Module({ controllers: [TestController] })
  class TestModule {}

  const adapter = new FastifyAdapter({ http2: true });
  const app = await NestFactory.create(TestModule, adapter, { logger: false });
  Drain.for(adapter);
  await app.listen(0, '127.0.0.1');
  const client = connect(`http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`);
  const stream = client.request({ ':path': '/' }).setEncoding('utf8');
  await vi.waitFor(() => expect(onHeld).toHaveBeenCalled(), { timeout: 15_000 });
  const closed = app.close();
  await vi.waitFor(() => expect(app.getHttpServer().listening).toBe(false), { timeout: 15_000 });
  release();
  expect(await once(stream, 'data')).toEqual(['held']);
  await closed;
  expect(events).toEqual(['answered', 'released']);
});
