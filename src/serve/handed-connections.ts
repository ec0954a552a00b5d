import type { Worker } from 'node:cluster';

/** What Node's primary hands over: a connection's native handle. */
interface Handle {
  close(...args: unknown[]): unknown;
}

type Send = (message: unknown, handle?: unknown, ...rest: unknown[]) => boolean;

/**
 * Ends the connections that a worker takes with it when it dies on the way to it.
 *
 * Node's primary accepts a connection, hands it to a worker, and keeps its own descriptor until the
 * worker's receipt comes. Where the worker dies first no receipt comes: the client would wait for ever,
 * and the descriptor would stay. Neither does Node strike such a worker off the list of those who listen,
 * so that the port would stay open when all others have closed it.
 */
export function endUndeliveredConnections(worker: Worker): void {
  const { process: child } = worker;
  const undelivered = new Set<Handle>();
  const send = child.send.bind(child) as Send;
  const watched: Send = (message, handle, ...rest) => {
    if (isNewConnection(message)) track(handle as Handle, undelivered);
    return send(message, handle, ...rest);
  };
  child.send = watched;
  // After its exit, and after the last of its receipts.
  child.once('close', () => {
    for (const handle of undelivered) handle.close();
    worker.disconnect();
  });
}

/** Node closes a handle when the receipt is there. */
function track(handle: Handle, undelivered: Set<Handle>): void {
  const { close } = handle;
  undelivered.add(handle);
  handle.close = (...args) => {
    undelivered.delete(handle);
    return close.apply(handle, args);
  };
}

function isNewConnection(message: unknown): boolean {
  return (message as { act?: unknown } | null)?.act === 'newconn';
}
