import type { Server as HttpServer } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import { ConfigurationError } from '../errors/index.js';
import { couldBePreface, FIRST_BYTES, PREFACE } from './preface.js';

type Listener = (this: HttpServer, socket: Socket) => void;

/**
 * Lets gRPC and HTTP/1.1 share the port of an HTTP server: a connection whose first bytes are HTTP/2's
 * preface goes to `take`, every other to Node's HTTP parser, as if nobody had looked.
 *
 * @throws {ConfigurationError} where the server is none that speaks plain HTTP/1.1
 */
export function sharePort(server: HttpServer | Http2Server, take: (socket: Socket) => void): void {
  const parser = parserOf(server);
  const obstacle = obstacleOf(server) ?? (parser === undefined ? 'a parser of its own' : undefined);
  if (parser === undefined || obstacle !== undefined) {
    throw new ConfigurationError(
      `GrpcModule: expected a port of its own beside ${obstacle} on the app's, got none; pass { port }`,
    );
  }
  server.removeListener('connection', parser);
  server.on('connection', function tellApart(this: HttpServer, socket: Socket) {
    lookAtFirstBytes(socket, (isHttp2) => {
      if (isHttp2) take(socket);
      else parser.call(this, socket);
    });
  });
}

function obstacleOf(server: HttpServer | Http2Server): string | undefined {
  if ((server as object) instanceof TlsServer) return 'TLS';
  if (!('closeIdleConnections' in server)) return 'http2';
  // Its server shows nobody the bytes that it reads.
  return 'bun' in process.versions ? "Bun's HTTP" : undefined;
}

/** What Node's HTTP server does with a connection. */
function parserOf(server: HttpServer | Http2Server): Listener | undefined {
  return (server.listeners('connection') as Listener[]).find(
    ({ name }) => name === 'connectionListener',
  );
}

/** Calls `tell` when it is clear what a connection speaks; its bytes are as if nobody had read them. */
function lookAtFirstBytes(socket: Socket, tell: (isHttp2: boolean) => void): void {
  let first: Buffer | undefined;
  const late = setTimeout(() => socket.destroy(), FIRST_BYTES);
  socket.on('readable', look);
  socket.on('end', giveUp);
  socket.on('error', giveUp);
  socket.on('close', giveUp);

  function look(): void {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return;
    first = first === undefined ? bytes : Buffer.concat([first, bytes]);
    const isHttp2 = couldBePreface(first);
    if (isHttp2 && first.length < PREFACE.length) return;
    stopLooking();
    socket.unshift(first);
    tell(isHttp2);
  }

  function stopLooking(): void {
    clearTimeout(late);
    socket.off('readable', look);
    socket.off('end', giveUp);
    socket.off('error', giveUp);
    socket.off('close', giveUp);
  }

  function giveUp(): void {
    clearTimeout(late);
    socket.destroy();
  }
}
