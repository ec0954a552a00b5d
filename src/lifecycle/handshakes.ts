import type { Socket } from 'node:net';
import type { Server } from 'node:tls';

/**
 * The connections of a TLS server that are not secured yet. HTTP knows nothing of them: a client that says
 * nothing would keep the server from its end for the two minutes that Node gives a handshake.
 */
export class Handshakes {
  readonly #pending = new Map<string, Socket>();
  #onEmpty: (() => void) | undefined;

  constructor(server: Server) {
    server.on('connection', (socket: Socket) => {
      const client = clientOf(socket);
      if (client === undefined) return;
      this.#pending.set(client, socket);
      socket.once('close', () => this.#forget(client, socket));
    });
    // The secured one is another socket, of the same client.
    server.on('secureConnection', (socket) => this.#forget(clientOf(socket)));
  }

  /**
   * Ends those that take longer than this; the others are connections like any other.
   *
   * @param patience in milliseconds
   * @returns a promise of the moment when none is left.
   */
  end(patience: number): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        for (const socket of this.#pending.values()) socket.destroy();
      }, patience);
      this.#onEmpty = () => {
        clearTimeout(late);
        resolve();
      };
      if (this.#pending.size === 0) this.#onEmpty();
    });
  }

  #forget(client: string | undefined, socket = this.#pending.get(client!)): void {
    if (client === undefined || this.#pending.get(client) !== socket) return;
    this.#pending.delete(client);
    if (this.#pending.size === 0) this.#onEmpty?.();
  }
}

/** `undefined` on the socket of a file, which tells none from another: there nobody is waited for. */
function clientOf({ remoteAddress, remotePort }: Socket): string | undefined {
  return remoteAddress && `${remoteAddress} ${remotePort}`;
}
