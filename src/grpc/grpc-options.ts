import { ServerCredentials, type ChannelOptions } from '@grpc/grpc-js';
import { ConfigurationError } from '../errors/index.js';

/** What `GrpcModule.forRoot` can be told. */
export interface GrpcModuleOptions {
  /**
   * A TCP port for gRPC alone; 0 lets the system choose one. Without it gRPC and HTTP/1.1 share the app's
   * port, in plain text.
   * @default the app's port
   */
  port?: number;
  /**
   * The address to listen on, beside `port`.
   * @default '0.0.0.0'
   */
  host?: string;
  /**
   * TLS and client certificates, beside `port`.
   * @default plain text
   * @example
   * ```ts
   * GrpcModule.forRoot({
   *   port: 50051,
   *   credentials: ServerCredentials.createSsl(null, [{ private_key, cert_chain }]),
   * });
   * ```
   */
  credentials?: ServerCredentials;
  /**
   * Whether clients may ask which services there are, and get their files (`grpc.reflection`), as grpcurl
   * does. No guard of the app's stands before it.
   * @default true
   */
  reflection?: boolean;
  /**
   * Whether `grpc.health.v1.Health` is served. No guard of the app's stands before it.
   * @default true
   */
  health?: boolean;
  /**
   * Options of grpc-js for its server, such as `grpc.max_connection_age_ms`, `grpc.keepalive_time_ms` or
   * `grpc.max_concurrent_streams`. How large a message may be is the endpoints' `bodyLimit`.
   * @default those of grpc-js, and `grpc.keepalive_time_ms` of a minute
   */
  channelOptions?: ChannelOptions;
}

/** {@link GrpcModuleOptions}, checked and with every default filled in. */
export interface FilledGrpcOptions {
  readonly port: number | undefined;
  readonly host: string;
  readonly credentials: ServerCredentials | undefined;
  readonly reflection: boolean;
  readonly health: boolean;
  readonly channelOptions: ChannelOptions;
}

const OWNER = 'GrpcModule';
const KNOWN = [
  'port',
  'host',
  'credentials',
  'reflection',
  'health',
  'channelOptions',
] as const satisfies readonly (keyof GrpcModuleOptions)[];

/** What the endpoints say themselves. */
const OF_ENDPOINTS = 'grpc.max_receive_message_length';

/** @throws {ConfigurationError} */
export function fillGrpcOptions(options: GrpcModuleOptions = {}): FilledGrpcOptions {
  const expect = (isRight: boolean, option: string, expected: string, got: unknown) => {
    if (!isRight) throw ConfigurationError.expected(OWNER, option, expected, got);
  };
  expect(isObject(options), 'its options', 'an object', options);
  ConfigurationError.refuseUnknown(OWNER, options, KNOWN);
  const {
    port,
    host = '0.0.0.0',
    credentials,
    reflection = true,
    health = true,
    channelOptions = {},
  } = options;
  expect(port === undefined || isPort(port), 'port', 'a whole number from 0 to 65535', port);
  expect(typeof host === 'string' && host !== '', 'host', 'an address', host);
  expect(
    credentials === undefined || credentials instanceof ServerCredentials,
    'credentials',
    "ServerCredentials of the app's @grpc/grpc-js",
    credentials,
  );
  expect(typeof reflection === 'boolean', 'reflection', 'a boolean', reflection);
  expect(typeof health === 'boolean', 'health', 'a boolean', health);
  expect(isObject(channelOptions), 'channelOptions', 'an object', channelOptions);
  for (const option of ['host', 'credentials'] as const) {
    if (port === undefined && options[option] !== undefined) {
      throw new ConfigurationError(
        `${OWNER}: expected a port beside ${option}, got none: on the app's own port they are the app's`,
      );
    }
  }
  if (OF_ENDPOINTS in channelOptions) {
    throw new ConfigurationError(
      `${OWNER}: expected bodyLimit of the endpoints to say how large a message may be, got ${OF_ENDPOINTS}`,
    );
  }
  return { port, host, credentials, reflection, health, channelOptions };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535;
}
