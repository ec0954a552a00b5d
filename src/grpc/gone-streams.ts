import type { ServerHttp2Stream } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { http2ServersOf } from './http2-servers.js';

/**
 * Has a server of gRPC tell nothing to a stream that has ended before it was looked at, as those have whose
 * connection HTTP/2 has ended: what grpc-js refuses by its head (a content type, a path) it answers without a look
 * at the stream, which throws where nobody catches it, and ends the process.
 */
export function passOverGoneStreams(server: Server): void {
  for (const http2Server of http2ServersOf(server)) http2Server.prependListener('stream', passOver);
}

function passOver(stream: ServerHttp2Stream): void {
  if (stream.destroyed) stream.respond = () => {};
}
