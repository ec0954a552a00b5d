import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

const COMPRESSED = 1;

/**
 * What a message should have been whose first byte is none that says whether it is compressed, or says that it is
 * where the head of the call names no encoding (gRPC's compression, "MUST fail"): grpc-js would read its bytes as
 * they are.
 */
export function compressionFlaw(
  wire: ServerInterceptingCallInterface,
  flag: number,
): string | undefined {
  if (flag === 0) return undefined;
  if (flag !== COMPRESSED) return `a message with the flag 0 or 1, got ${flag}`;
  // grpc-js keeps it to itself.
  const { incomingEncoding } = wire as { readonly incomingEncoding?: string };
  return incomingEncoding === 'identity'
    ? 'compressed as a grpc-encoding says, got no grpc-encoding'
    : undefined;
}
