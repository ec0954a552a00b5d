import type { ConnectionInjector, Server, ServerCredentials } from '@grpc/grpc-js';
import { ConfigurationError } from '../errors/index.js';
import { passOverGoneStreams } from './gone-streams.js';
import { waiveLongTimeouts } from './long-timeouts.js';
import { FIRST_BYTES } from './preface.js';

/**
 * What takes connections into a server of gRPC, past its credentials.
 *
 * @throws {ConfigurationError} for a key and a certificate that no client could be shown
 */
export function injectorInto(server: Server, credentials: ServerCredentials): ConnectionInjector {
  const expected = 'GrpcModule: expected credentials of a key and its certificate, got';
  const { cert } = credentials._getSecureContextOptions?.() ?? {};
  if (Array.isArray(cert) && cert.length === 0) throw new ConfigurationError(`${expected} none`);
  let injector: ConnectionInjector;
  try {
    injector = server.createConnectionInjector(inTime(credentials));
  } catch (cause) {
    const { message } = cause as Error;
    throw new ConfigurationError(`${expected} what TLS refuses: ${message}`, { cause });
  }
  waiveLongTimeouts(server);
  passOverGoneStreams(server);
  return injector;
}

/**
 * Credentials whose handshakes have as long as the first bytes of a connection in plain text. Node would
 * wait for two minutes, and the end of the app with it: what has no session yet cannot be told to leave.
 */
function inTime(credentials: ServerCredentials): ServerCredentials {
  if (!credentials._isSecure?.()) return credentials;
  return Object.create(credentials, {
    _getConstructorOptions: {
      value: () => ({ ...credentials._getConstructorOptions?.(), handshakeTimeout: FIRST_BYTES }),
    },
  }) as ServerCredentials;
}
