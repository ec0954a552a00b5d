import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { ServingError } from '../errors/index.js';
import { unexpectedRequest } from './refusal.js';

const COMPRESSED = 1;

/**
 * What is wrong with a message whose first byte is none that says whether it is compressed, or says that it is
 * where the head of the call names no encoding (gRPC's compression, "MUST fail"): grpc-js would read its bytes as
 * they are.
 */
export function compressionFlaw(
  wire: ServerInterceptingCallInterface,
  flag: number,
): ServingError | undefined {
  if (flag === 0) return undefined;
  if (flag !== COMPRESSED) return unexpectedRequest(`a message with the flag 0 or 1, got ${flag}`);
  // grpc-js keeps it to itself.
  const { incomingEncoding } = wire as { readonly incomingEncoding?: string };
  return incomingEncoding === 'identity'
    ? unexpectedRequest('compressed as its grpc-encoding says, got none that compresses')
    : undefined;
}
