import type { ArgumentsHost } from '@nestjs/common';
import type { Call } from '../endpoint/call.js';

/**
 * Where a request, or what another door has in its place, holds its call. A WeakMap would leave the
 * request untouched, but with thousands of short-lived keys it costs the garbage collector more than all
 * else that is done for a request.
 */
const CALL = Symbol('nestjs-model-serving:call');

interface Holder {
  [CALL]?: Call;
  /** What Fastify's request wraps. */
  readonly raw?: Holder;
}

export function holdCall(holder: object, call: Call): void {
  (holder as Holder)[CALL] = call;
}

/** The call that a request holds, be it Node's own or Fastify's around it. */
export function callHeldBy(value: unknown): Call | undefined {
  const holder = value as Holder | null | undefined;
  return (holder?.raw ?? holder)?.[CALL];
}

/** The call that Nest's guards, interceptors and filters are asked about. */
export function callOf(host: ArgumentsHost): Call | undefined {
  for (const argument of host.getArgs()) {
    const call = callHeldBy(argument);
    if (call !== undefined) return call;
  }
  return undefined;
}
