import { Metadata } from '@grpc/grpc-js';
import type { Call } from '../endpoint/call.js';
import type { FailureAnswer } from '../gate/failure-answer.js';
import { RPC_CODES, rpcStatus } from '../gate/rpc-status.js';
import { X_CACHE } from '../gate/x-cache.js';
import type { Status } from './exchange.js';

/** What goes ahead of an answer. */
export function headOf({ requestId, cacheResult, age }: Call): Metadata {
  const head = new Metadata();
  head.set('x-request-id', requestId);
  if (cacheResult !== undefined) head.set('x-cache', X_CACHE[cacheResult]);
  if (cacheResult === 'hit') head.set('age', String(age));
  return head;
}

/**
 * Bytes of a message as it is sent, and of details, which a third is added to: clients refuse trailers of
 * more than 8 KiB.
 */
const LONGEST_MESSAGE = 2048;
const MOST_DETAILS = 4096;

/** How a client is told of a failure. */
export function statusOf(failure: FailureAnswer, requestId: string): Status {
  const metadata = new Metadata();
  metadata.set('x-request-id', requestId);
  metadata.set('grpc-status-details-bin', detailsOf(failure, requestId));
  return {
    code: RPC_CODES[failure.code] ?? RPC_CODES['UNKNOWN']!,
    details: shortened(failure.error),
    metadata,
  };
}

/** As many of the violations as there is room for. */
function detailsOf(failure: FailureAnswer, requestId: string): Buffer {
  const { details = [], error } = failure;
  for (let count = details.length; ; count--) {
    const shown = { ...failure, error: shortened(error), details: details.slice(0, count) };
    const bytes = rpcStatus(shown, requestId);
    if (bytes.length <= MOST_DETAILS || count === 0) return bytes;
  }
}

/** grpc-js encodes it as a URI, which half a character cannot be part of, and others are longer in. */
function shortened(text: string): string {
  const whole = text.slice(0, LONGEST_MESSAGE).replace(/\p{Surrogate}/gu, '\ufffd');
  let length = 0;
  let sent = 0;
  for (const character of whole) {
    sent += encodeURI(character).length;
    if (sent > LONGEST_MESSAGE) break;
    length += character.length;
  }
  return whole.slice(0, length);
}
