import { Controller, Get, Module, Post, type INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Drain } from '../../src/lifecycle/drain.js';
import { createHttpAdapter } from '../../src/serve/http-adapter.js';
import { ADAPTERS } from './fixture-process.js';

describe.each(ADAPTERS)('Drain on %s, when the app is closed', (name) => {
  const events: string[] = [];
  /** Ends the requests that are held. */
  let release: () => void;
  let held: Promise<void>;
  /** Called with each request that is being held. */
  const onHeld = vi.fn<() => void>();
  let adapter: AbstractHttpAdapter;
  let app: INestApplication;
  let port: number;
  let drain: Drain;

  @Controller()
  class TestController {
    @Get('now')
    now(): string {
      return 'now';
    }

    @Get('held')
    async held(): Promise<string> {
      onHeld();
      await held;
      events.push('answered');
      return 'held';
    }

    @Post('echo')
    echo(): string {
      return 'echo';
    }

    onModuleDestroy(): void {
      events.push('released');
    }
  }

  @Module({ controllers: [TestController] })
  class TestModule {}

  beforeEach(async () => {
    events.length = 0;
    onHeld.mockReset();
    held = new Promise((resolve) => (release = resolve));
    adapter = await createHttpAdapter(name);
    app = await NestFactory.create(TestModule, adapter, { logger: false });
    drain = Drain.for(adapter);
    drain.configure({ quietPeriod: 100 });
    drain.onBegin(() => events.push('begun'));
    drain.onCut(() => events.push('cut'));
    await app.listen(0, '127.0.0.1');
    port = (app.getHttpServer().address() as AddressInfo).port;
  });

  afterEach(async () => {
    release();
    await app.close();
  });

  /** A raw connection, and what it has received so far. */
  async function open(): Promise<{
    socket: Socket;
    received: () => string;
    ended: Promise<unknown>;
  }> {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await once(socket, 'connect');
    return { socket, received: () => text, ended };
  }

  const get = (path: string) => `GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

  async function hold(count = 1): Promise<void> {
    await vi.waitFor(() => expect(onHeld).toHaveBeenCalledTimes(count), { timeout: 15_000 });
  }

  it('finishes what is in flight before anything is released', async () => {
    const answer = fetch(`http://127.0.0.1:${port}/held`);
    await hold();
    const closed = app.close();
    await refused();
    expect(drain.begun).toBe(true);
    release();
    const response = await answer;
    expect(response.status).toBe(200);
    expect(response.headers.get('connection')).toBe('close');
    await closed;
    expect(events).toEqual(['begun', 'answered', 'released']);
  });

  it('answers all pipelined requests, those that arrive meanwhile included', async () => {
    const { socket, received, ended } = await open();
    socket.write(get('held') + get('held'));
    await hold(2);
    const closed = app.close();
    await refused();
    socket.write(get('now') + get('held'));
    await hold(3);
    release();
    await ended;
    const answers = received().split('HTTP/1.1 200 OK').slice(1);
    expect(answers).toHaveLength(4);
    expect(answers.map((answer) => /^connection: close/im.test(answer))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    await closed;
  });

  it('answers a client that goes on sending until an answer tells it to stop', async () => {
    const { socket, received, ended } = await open();
    let sent = 0;
    const send = () => {
      sent += 1;
      socket.write(get('now'));
    };
    socket.on('data', (answer: string) => {
      if (!/^connection: close/im.test(answer)) send();
    });
    send();
    await vi.waitFor(() => expect(sent).toBeGreaterThan(10), { timeout: 15_000 });
    const closed = app.close();
    await ended;
    expect(received().match(/200 OK/g)).toHaveLength(sent);
    expect(received().match(/^connection: close/gim)).toHaveLength(1);
    await closed;
  });

  it('waits for a request of which only a part has arrived', async () => {
    const { socket, received, ended } = await open();
    socket.write('POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n');
    const closed = app.close();
    await refused();
    // Longer than the quiet period.
    const idle = await pastQuietPeriod();
    expect(idle).toBe('still open');
    socket.write('Content-Length: 2\r\n\r\n{}');
    await ended;
    expect(received()).toContain('201 Created');
    await closed;

    async function pastQuietPeriod(): Promise<string> {
      return Promise.race([
        ended.then(() => 'closed'),
        new Promise<string>((resolve) => setTimeout(() => resolve('still open'), 200)),
      ]);
    }
  });

  it('closes connections that are idle or have never been used', async () => {
    const agent = new Agent({ keepAlive: true });
    await new Promise((resolve) => {
      request({ agent, port, host: '127.0.0.1', path: '/now' }, (response) => {
        response.resume().on('end', resolve);
      }).end();
    });
    const silent = await open();
    await app.close();
    await silent.ended;
    expect(events).toEqual(['begun', 'released']);
  });

  it('serves as before for the delay', async () => {
    drain.configure({ delay: 300 });
    const closed = app.close();
    const response = await fetch(`http://127.0.0.1:${port}/now`);
    expect(response.status).toBe(200);
    expect(response.headers.get('connection')).toBe('keep-alive');
    expect(events).toEqual(['begun']);
    await closed;
  });

  it('cuts what is left after the timeout', async () => {
    drain.configure({ timeout: 50 });
    const answer = fetch(`http://127.0.0.1:${port}/held`);
    const outcome = expect(answer).rejects.toThrow('fetch failed');
    await hold();
    await app.close();
    await outcome;
    expect(events).toEqual(['begun', 'cut', 'released']);
  });

  it('lets the answers that a cut brings about still go out', async () => {
    drain.configure({ timeout: 50 });
    drain.onCut(release);
    const answer = fetch(`http://127.0.0.1:${port}/held`);
    await hold();
    await app.close();
    expect((await answer).status).toBe(200);
    expect(events).toEqual(['begun', 'cut', 'answered', 'released']);
  });

  /** Waits until the server has stopped listening. */
  async function refused(): Promise<void> {
    await vi.waitFor(() => expect(adapter.getHttpServer().listening).toBe(false), {
      timeout: 15_000,
    });
  }
});
