import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import { ServingError } from '../errors/index.js';

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
  if (flag !== COMPRESSED) return invalid(`a message with the flag 0 or 1, got ${flag}`);
  // grpc-js keeps it to itself.
  const { incomingEncoding } = wire as { readonly incomingEncoding?: string };
  return incomingEncoding === 'identity'
    ? invalid('compressed as its grpc-encoding says, got none that compresses')
    : undefined;
}

function invalid(what: string): ServingError {
  return new ServingError('InvalidRequest', `Expected the request to be ${what}`);
}
