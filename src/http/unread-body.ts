import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';
import { awaitsContinue } from './expect-continue.js';

/** What a client may still send of a body that is refused, before its connection is closed. */
const MOST_UNREAD = 1024 * 1024;
/** Requests whose rest is bounded already. */
const BOUNDED = new WeakSet<IncomingMessage>();
/** How long a connection that is closed for writing waits for its client to close it, in milliseconds. */
const PATIENCE = 2_000;

/**
 * Bounds what is received of a body that is answered before it is read. Within 1 MiB the connection
 * is kept; beyond it, or where the client was told so, it is closed for writing, and received from no
 * further: a socket that is destroyed under a client that sends is reset, and the answer may be lost
 * with it (RFC 9112, 9.6).
 *
 * Called before the answer is sent.
 */
export function boundUnreadBody(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || BOUNDED.has(request)) return;
  BOUNDED.add(request);
  if ('stream' in request) return boundUnreadStream(request as unknown as Http2ServerRequest);

  const announced = Number(request.headers['content-length']);
  if (awaitsContinue(request) || (!request.readableDidRead && announced > MOST_UNREAD)) {
    response.shouldKeepAlive = false;
  }
  // Before Node's own listener, which would receive the rest without a bound.
  response.prependOnceListener('finish', function receiveRest() {
    const { socket } = request;
    let received = 0;
    let closing = false;

    function close() {
      if (closing) return;
      closing = true;
      socket.end();
      const patience = setTimeout(() => socket.destroy(), PATIENCE);
      socket.once('close', () => clearTimeout(patience));
    }
    request.on('data', function count(chunk: Buffer) {
      received += chunk.length;
      if (received <= MOST_UNREAD) return;
      request.pause();
      close();
    });
    request.once('end', function onWhole() {
      if (closing) socket.destroy();
      else Reflect.deleteProperty(socket, 'destroySoon'); // the connection goes on as any other
    });
    request.resume();
    request.read(0);
    // What Node calls once the last answer of a connection has been written.
    socket.destroySoon = close;
  });
}

/**
 * Does the same for what an app itself answers at an endpoint's path before the endpoint has the request:
 * a middleware's 401. Only a body that may be longer than is received anyway is worth a look.
 */
export function boundEarlyAnswers(
  server: Server,
  isForEndpoint: (request: IncomingMessage) => boolean,
): void {
  server.prependListener('request', function bound(request, response) {
    if (request.method !== 'POST' || !mayBeLong(request)) return;
    // Where an answer begins, whoever sends it: with the route known, and its headers not yet sent.
    const { writeHead } = response;
    response.writeHead = function boundAndWriteHead(this: ServerResponse, ...head: never) {
      response.writeHead = writeHead;
      if (isForEndpoint(request)) boundUnreadBody(request, response);
      return writeHead.apply(this, head);
    };
  });
}

function mayBeLong(request: IncomingMessage): boolean {
  const { headers } = request;
  const length = headers['content-length'];
  if (length === undefined) return request.httpVersionMajor > 1 || 'transfer-encoding' in headers;
  return Number(length) > MOST_UNREAD || awaitsContinue(request);
}

/**
 * RFC 9113, 8.1: a stream whose whole answer has been sent may be closed before its request is. Node
 * closes one of which nothing has been read by itself.
 */
function boundUnreadStream(request: Http2ServerRequest): void {
  if (!request.readableDidRead) return;
  const { stream } = request;
  stream.once('finish', function receiveRest() {
    let received = 0;
    request.on('data', function count(chunk: Buffer) {
      received += chunk.length;
      if (received > MOST_UNREAD) stream.close();
    });
    request.resume();
    const patience = setTimeout(() => stream.close(), PATIENCE);
    stream.once('close', () => clearTimeout(patience));
  });
}
