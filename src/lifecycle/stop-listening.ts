import type { Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import { Server as NetServer } from 'node:net';

/**
 * Stops listening; open connections are served as before. Not by http.Server's own close(): on Node it
 * cuts what is idle this very moment, in the gap between two requests of a busy client. On Bun, where an
 * http.Server is no net.Server, its own is the only one, and leaves connections be.
 */
export function stopListening(server: Server | Http2Server): void {
  const isNetServer = (server as object) instanceof NetServer;
  const close: () => unknown = isNetServer ? NetServer.prototype.close : server.close;
  close.call(server);
}
