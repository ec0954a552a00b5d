import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import type { ConnectionSet } from '../lifecycle/connection-set.js';
import { PROTOCOL, type GrpcConnections } from './grpc-connections.js';

/** A port for gRPC alone. */
export class OwnPort implements ConnectionSet {
  readonly protocol = PROTOCOL;
  readonly #connections: GrpcConnections;
  readonly #server: Server;

  constructor(connections: GrpcConnections) {
    this.#connections = connections;
    this.#server = createServer({ noDelay: true }, (socket) => connections.take(socket));
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  get address(): AddressInfo {
    return this.#server.address() as AddressInfo;
  }

  async listen(port: number, host: string): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
  }

  stopListening(): void {
    this.#server.close();
  }

  close(): Promise<void> {
    return this.#connections.close();
  }

  destroy(): void {
    this.#connections.destroy();
  }
}
