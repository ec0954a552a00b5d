import type { IncomingHttpHeaders } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { LONGEST_DELAY } from '../execution/index.js';
import { http2ServersOf } from './http2-servers.js';

const TIMEOUT = 'grpc-timeout';
const MILLISECONDS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000 };

/**
 * Has a server of gRPC take a timeout beyond 2^31 ms, some 24 days, for none: grpc-js counts in 32 bits and would end such a
 * call at once, or at any time.
 */
export function waiveLongTimeouts(server: Server): void {
  for (const http2Server of http2ServersOf(server)) http2Server.prependListener('stream', waive);
}

function waive(_: unknown, headers: IncomingHttpHeaders): void {
  const timeout = headers[TIMEOUT];
  if (timeout !== undefined && millisecondsIn(String(timeout)) > LONGEST_DELAY)
    delete headers[TIMEOUT];
}

/** Hours, minutes or seconds; what is less cannot be too long. */
function millisecondsIn(timeout: string): number {
  return Number(timeout.slice(0, -1)) * (MILLISECONDS[timeout.slice(-1)] ?? 0);
}
