import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The responses of a connection that wait their turn, each with what to do when it breaks. */
const WAITING = new WeakMap<Socket, Set<() => void>>();

/**
 * Calls `listener` once, when a response is sent or its connection breaks. Node emits `close` of the
 * response that a connection is sending, but where the connection breaks not of the pipelined ones
 * behind it, which it drops without a word.
 */
export function onceClosed(
  request: IncomingMessage,
  response: ServerResponse,
  listener: () => void,
): void {
  if (response.socket !== null) {
    response.on('close', listener);
    return;
  }
  const waiting = waitingOn(request.socket);
  function closed() {
    if (waiting.delete(closed)) listener();
  }
  waiting.add(closed);
  response.on('close', closed);
}

/** One listener a connection, however many requests a client pipelines. */
function waitingOn(socket: Socket): Set<() => void> {
  let waiting = WAITING.get(socket);
  if (waiting === undefined) {
    const closing = (waiting = new Set());
    WAITING.set(socket, closing);
    socket.once('close', () => {
      for (const closed of closing) closed();
    });
  }
  return waiting;
}
