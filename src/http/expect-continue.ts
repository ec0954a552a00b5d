import type { IncomingMessage, Server, ServerResponse } from 'node:http';

/** Requests whose client waits to hear that its body is wanted. */
const WAITING = new WeakSet<IncomingMessage>();

/** Whether a client that sent `Expect: 100-continue` still waits, and so has sent no body yet. */
export function awaitsContinue(request: IncomingMessage): boolean {
  return WAITING.has(request);
}

/**
 * Answers `Expect: 100-continue` when something starts to read the body, of any route, and not before
 * it is known who answers, as Node does by itself: a client that is refused does not send its body in
 * vain. An app that listens to `checkContinue` decides for itself.
 */
export function continueWhenRead(server: Server): void {
  server.on('checkContinue', function askLater(request: IncomingMessage, response: ServerResponse) {
    if (server.listenerCount('checkContinue') > 1) return;
    WAITING.add(request);
    const read = request._read.bind(request);
    request._read = function continueAndRead(size) {
      request._read = read;
      if (WAITING.delete(request) && !response.headersSent) response.writeContinue();
      read(size);
    };
    server.emit('request', request, response);
  });
}
