import type { Socket } from 'node:net';
import type { ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import { LONGEST_DELAY } from '../execution/index.js';
import type { ConnectionSet } from '../lifecycle/connection-set.js';
import { http2ServersOf } from './http2-servers.js';
import { injectorInto } from './injector.js';

/** Milliseconds; the drain cuts what is left when its own time is up. */
const FOR_EVER = LONGEST_DELAY;

/** How the log names it. */
export const PROTOCOL = 'gRPC';

/** The connections that speak gRPC, whichever port they have come by. */
export class GrpcConnections implements ConnectionSet {
  readonly protocol = PROTOCOL;
  readonly listening: boolean = false;
  readonly #injector: ConnectionInjector;
  readonly #sockets = new Set<Socket>();
  readonly #onClose: () => void;
  #onEmpty: (() => void) | undefined;

  /**
   * @param onClose called before clients are told to leave, to end what would never end by itself
   * @throws {ConfigurationError}
   */
  constructor(server: Server, credentials: ServerCredentials, onClose: () => void) {
    this.#onClose = onClose;
    this.#injector = injectorInto(server, credentials);
    for (const http2Server of http2ServersOf(server)) {
      // With TLS it begins when the handshake is done, which may have been going on when others were told.
      http2Server.on('session', () => {
        if (this.#onEmpty !== undefined) this.#sayGoodbye();
      });
    }
  }

  /** Takes over a connection; what has been read of it is to be put back before. */
  take(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (this.#sockets.size === 0) this.#onEmpty?.();
    });
    // A client of HTTP/2 that ends its side has gone: an HTTP server's sockets would wait for ever.
    socket.allowHalfOpen = false;
    this.#injector.injectConnection(socket);
    if (this.#onEmpty !== undefined) this.#sayGoodbye();
  }

  stopListening(): void {}

  /** Tells each client to make no more calls on its connection, which ends with those under way. */
  close(): Promise<void> {
    this.#onClose();
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#sockets.size === 0) resolve();
      else this.#sayGoodbye();
    });
  }

  destroy(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #sayGoodbye(): void {
    this.#injector.drain(FOR_EVER);
  }
}
