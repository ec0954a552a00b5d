import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import type { ConnectionSet } from './connection-set.js';
import { stopListening } from './stop-listening.js';

/** How often a closing server looks for connections that have fallen idle, in milliseconds. */
const SWEEP_INTERVAL = 20;

interface Connection {
  /** Requests that have been received and not yet answered. */
  pending: number;
  /** The answer that carries `Connection: close`: the last one, once the server is closing. */
  closer: ServerResponse | undefined;
  /** Whether nothing has been received: Node counts such a connection as active, not as idle. */
  silent: boolean;
  bytesRead: number;
  quietSince: number;
}

/**
 * The connections of one HTTP server, and the way to end them without losing a request. Counts on the
 * server's own events, so that it covers every route of the app, whichever framework serves it.
 */
export class Connections implements ConnectionSet {
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();
  readonly #onResponseClose: (this: ServerResponse) => void;
  #closing = false;
  #onEmpty: (() => void) | undefined;

  constructor(server: Server) {
    this.#server = server;
    const settle = (socket: Socket) => this.#settle(socket);
    this.#onResponseClose = function onResponseClose() {
      settle(this.req.socket);
    };
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
    server.on(event, (socket: Socket) => this.#of(socket));
    // Before the framework, which may answer while the event is still being emitted.
    server.prependListener('request', (request, response) => this.#receive(request, response));
    // An upgraded connection speaks another protocol and is closed by whoever speaks it. Listening
    // where nobody else does would turn upgrade requests, so far ordinary ones, into hanging sockets.
    if (server.listenerCount('upgrade') > 0) {
      server.prependListener('upgrade', (_request, socket) => this.forget(socket as Socket));
    }
  }

  /** Whether the server accepts connections. */
  get listening(): boolean {
    return this.#server.listening;
  }

  /** Stops listening; open connections are served as before. */
  stopListening(): void {
    stopListening(this.#server);
  }

  /**
   * Ends each connection: with the answer to its last request, which says `Connection: close`, or when
   * it has been idle for a moment. Requests that still arrive are served.
   *
   * @param quietPeriod milliseconds of silence after which a connection counts as idle. A client that
   * is about to send its next request when the connection ends under it loses that request.
   * @returns a promise of the moment when no connection is left.
   */
  close(quietPeriod: number): Promise<void> {
    this.#closing = true;
    for (const connection of this.#connections.values()) {
      if (connection.closer?.headersSent === false) connection.closer.shouldKeepAlive = false;
    }
    return new Promise((resolve) => {
      // After the poll phase, so that whatever has arrived by now has been read.
      const sweeper = setInterval(
        () => setImmediate(() => this.#sweep(quietPeriod)),
        SWEEP_INTERVAL,
      );
      this.#onEmpty = () => {
        clearInterval(sweeper);
        resolve();
      };
      if (this.#connections.size === 0) this.#onEmpty();
    });
  }

  /** Cuts every connection, whatever it is doing. */
  destroy(): void {
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  /** Leaves a connection to whoever speaks another protocol on it. */
  forget(socket: Socket): void {
    if (this.#connections.delete(socket) && this.#connections.size === 0) this.#onEmpty?.();
  }

  #of(socket: Socket): Connection {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      const { bytesRead } = socket;
      const quietSince = performance.now();
      connection = { pending: 0, closer: undefined, silent: true, bytesRead, quietSince };
      this.#connections.set(socket, connection);
      socket.once('close', () => this.forget(socket));
    }
    return connection;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#of(request.socket);
    connection.silent = false;
    connection.pending += 1;
    response.on('close', this.#onResponseClose);
    if (!response.shouldKeepAlive) return;
    if (this.#closing) {
      // Node ends the connection after an answer that says `Connection: close`, with the answers to
      // pipelined requests unsent: only the last of them may say it.
      if (connection.closer?.headersSent === false) connection.closer.shouldKeepAlive = true;
      response.shouldKeepAlive = false;
    }
    connection.closer = response;
  }

  #settle(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined) return;
    connection.pending -= 1;
    if (connection.pending > 0) return;
    connection.closer = undefined;
    connection.bytesRead = socket.bytesRead;
    connection.quietSince = performance.now();
  }

  #sweep(quietPeriod: number): void {
    const now = performance.now();
    let quiet = true;
    for (const [socket, connection] of this.#connections) {
      if (connection.pending > 0) continue;
      if (socket.bytesRead !== connection.bytesRead) {
        connection.silent = false;
        connection.bytesRead = socket.bytesRead;
        connection.quietSince = now;
      }
      if (now - connection.quietSince < quietPeriod) quiet = false;
      else if (connection.silent) socket.destroy();
    }
    // Node knows a half-received request from an idle connection, which bytes alone do not tell.
    if (quiet) this.#server.closeIdleConnections();
  }
}
