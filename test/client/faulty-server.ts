import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

/** What a server does with a request, whose body has been read. */
export type Act = (response: ServerResponse, request: IncomingMessage, body: string) => void;

export interface FaultyServer {
  readonly url: string;
  /** Requests that came, in their order. */
  readonly requests: IncomingMessage[];
}

/** A server that does what it is told with each request in turn, and with all others as with the last. */
export async function faultyServer(...acts: Act[]): Promise<FaultyServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer(async (request, response) => {
    const act = acts[Math.min(requests.length, acts.length - 1)]!;
    requests.push(request);
    act(response, request, await text(request));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Answers with a value as JSON. */
export const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}): Act =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers });
    response.end(JSON.stringify(value));
  };

/** Answers with a text of some type. */
export const page =
  (content: string, status: number, headers: Record<string, string> = {}): Act =>
  (response) => {
    response.writeHead(status, { 'content-type': 'text/html', ...headers });
    response.end(content);
  };

/** Resets the connection before any answer. */
export const reset: Act = (_, request) => void request.socket.resetAndDestroy();

/** Begins an answer and ends the connection in the middle of it. */
export const cut =
  (begin: string, type = 'application/json', status = 200): Act =>
  (response) => {
    response.writeHead(status, { 'content-type': type, 'content-length': begin.length + 10 });
    response.write(begin, () => response.destroy());
  };

/** Never answers. */
export const silence: Act = () => {};

/** Answers with a text of server-sent events, in the given pieces. */
export const events =
  (...pieces: string[]): Act =>
  async (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) {
      await new Promise((resolve) => response.write(piece, resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
