import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { ADAPTERS } from '../serving-app.js';
import { answers, Load, seedOf } from './load.js';
import { ModelServer } from './model-server.js';

// Processes take their time to start on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

/** More than can be sent before the signal: the load ends because the server has stopped. */
const PLENTY = 1_000_000;
const bodies = [{ n: 1 }, { n: 2 }, { n: 3 }];

describe.each(ADAPTERS)('SIGTERM on %s', (adapter) => {
  it.each(['1', '2'])(
    'under 32 busy connections to queued and batched endpoints fails no request, with WORKERS=%s',
    async (workers) => {
      const server = new ModelServer({
        HTTP_ADAPTER: adapter,
        WORKERS: workers,
        RUN_MS: '20',
        DRAIN_DELAY_MS: '100',
      });
      if (workers !== '1') await server.printed(/all ready/);
      const load = new Load({
        port: await server.port(),
        connections: 32,
        count: PLENTY,
        seed: seedOf(`drain on ${adapter}`),
        busyAfter: 200,
        requests: [
          { path: '/plain', bodies },
          { path: '/batched', bodies },
          { path: '/cached', bodies, weight: 0.2 },
        ],
      });
      await load.busy();
      server.kill('SIGTERM');
      const result = await load.result;
      expect(result.failed).toEqual([]);
      expect(answers(result, 200) + result.refused).toBe(result.sent);
      expect(answers(result, 200)).toBeGreaterThan(200);
      expect(await server.exited).toEqual({ code: 0, signal: null });
      expect(server.output).not.toMatch(/ERROR|unhandled/);
    },
  );

  it('answers every pipelined request, those that run, those that wait and those that still come', async () => {
    const server = new ModelServer({ HTTP_ADAPTER: adapter });
    const sockets = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const socket = connect(await server.port(), '127.0.0.1');
        let received = '';
        socket.setEncoding('utf8').on('data', (chunk: string) => (received += chunk));
        const ended = once(socket, 'close').then(() => received);
        await once(socket, 'connect');
        return { socket, ended };
      }),
    );
    const request = (path: string, n: number) => {
      const body = JSON.stringify({ n });
      return `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    };
    for (const { socket } of sockets) {
      socket.write(request('/held', 1) + request('/batched', 2) + request('/told', 3));
    }
    await server.printed(/told 3/, sockets.length);
    server.kill('SIGTERM');
    await server.printed(/stopping/);
    for (const { socket } of sockets) socket.write(request('/told', 4));
    await server.printed(/told 4/, sockets.length);
    server.kill('SIGUSR2');
    for (const { ended } of sockets) {
      const received = await ended;
      expect(received.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(4);
      expect(received.match(/\{"n":\d\}/g)).toEqual([1, 2, 3, 4].map((n) => `{"n":${n}}`));
    }
    expect(await server.exited).toEqual({ code: 0, signal: null });
    expect(server.output).not.toMatch(/ERROR|unhandled/);
  });
});
