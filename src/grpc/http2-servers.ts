import type { Http2Server } from 'node:http2';
import type { Server } from '@grpc/grpc-js';

/** The servers of HTTP/2 within one of gRPC, which grpc-js keeps to itself: it tells of no session or head. */
export function http2ServersOf(server: Server): readonly Http2Server[] {
  const { http2Servers } = server as unknown as {
    http2Servers?: ReadonlyMap<Http2Server, unknown>;
  };
  return [...(http2Servers?.keys() ?? [])];
}
