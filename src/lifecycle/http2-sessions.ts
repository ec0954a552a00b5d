import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { ConnectionSet } from './connection-set.js';
import { stopListening } from './stop-listening.js';

/** The sessions of an HTTP/2 server, whose protocol has a graceful end of its own. */
export class Http2Sessions implements ConnectionSet {
  readonly #server: Http2Server;
  readonly #sessions = new Set<ServerHttp2Session>();
  #onEmpty: (() => void) | undefined;

  constructor(server: Http2Server) {
    this.#server = server;
    server.on('session', (session: ServerHttp2Session) => {
      this.#sessions.add(session);
      session.once('close', () => {
        this.#sessions.delete(session);
        if (this.#sessions.size === 0) this.#onEmpty?.();
      });
    });
  }

  get listening(): boolean {
    return this.#server.listening;
  }

  /** Stops listening; open sessions are served as before. */
  stopListening(): void {
    stopListening(this.#server);
  }

  /** Ends each session once its open streams have ended. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#sessions.size === 0) resolve();
      for (const session of this.#sessions) session.close();
    });
  }

  /** Cuts every session, whatever it is doing. */
  destroy(): void {
    for (const session of this.#sessions) session.destroy();
  }
}
