import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import protobuf from 'protobufjs';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../temporary-folder.js';

/** What a client learns of a call of a single answer. */
export interface Told {
  readonly code: number;
  readonly answer?: any;
  readonly message?: string;
  /** The details in `grpc-status-details-bin`, by the last part of their type. */
  readonly details: Record<string, any>;
  readonly head?: Metadata;
  readonly trailers: Metadata;
}

export interface CallOptions {
  readonly metadata?: Record<string, string | Buffer>;
  /** Milliseconds from now. */
  readonly deadline?: number;
}

/** A client of one service: grpc-js' own, with a service definition of @grpc/proto-loader. */
export class GrpcClient {
  readonly raw: Client & Record<string, any>;

  /** @param service its full name */
  constructor(
    proto: string,
    service: string,
    address: string,
    options: ChannelOptions = {},
    security: ChannelCredentials = credentials.createInsecure(),
  ) {
    const file = join(temporaryFolder('grpc-client'), 'client.proto');
    writeFileSync(file, proto);
    const definition = loadSync(file, { enums: String, longs: String, oneofs: true });
    const Service: any = service
      .split('.')
      .reduce((at: any, name) => at[name], loadPackageDefinition(definition));
    this.raw = new Service(address, security, {
      'grpc.max_receive_message_length': -1,
      'grpc.max_send_message_length': -1,
      // A channel of its own, whatever others have to the same address.
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
    onTestFinished(() => this.raw.close());
  }

  /** Never rejects: an error is what the client is told. */
  call(method: string, request: object, options: CallOptions = {}): Promise<Told> {
    return new Promise((resolve) => {
      let head: Metadata | undefined;
      let trailers = new Metadata();
      const call = this.raw[method](
        request,
        metadataOf(options),
        callOptions(options),
        (error: ServiceError | null, answer: any) => {
          setImmediate(() => {
            if (error === null) resolve({ code: 0, answer, head, trailers, details: {} });
            else resolve({ ...failureOf(error), head });
          });
        },
      );
      call.on('metadata', (metadata: Metadata) => (head = metadata));
      call.on('status', ({ metadata }: { metadata: Metadata }) => (trailers = metadata));
    });
  }

  /** The answers of a stream, and how it ends. */
  stream(
    method: string,
    request: object,
    options: CallOptions = {},
  ): Promise<Told & { items: any[] }> {
    return new Promise((resolve) => {
      let head: Metadata | undefined;
      const items: any[] = [];
      const call = this.raw[method](request, metadataOf(options), callOptions(options));
      call.on('metadata', (metadata: Metadata) => (head = metadata));
      call.on('data', (item: unknown) => items.push(item));
      call.on('error', (error: ServiceError) => resolve({ ...failureOf(error), head, items }));
      call.on('end', () =>
        setImmediate(() =>
          resolve({ code: 0, head, items, trailers: new Metadata(), details: {} }),
        ),
      );
    });
  }
}

function metadataOf({ metadata: entries = {} }: CallOptions): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
  return metadata;
}

function callOptions({ deadline }: CallOptions) {
  return deadline === undefined ? {} : { deadline: Date.now() + deadline };
}

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message BadRequest {
    message FieldViolation { string field = 1; string description = 2; }
    repeated FieldViolation field_violations = 1;
  }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message RequestInfo { string request_id = 1; string serving_data = 2; }
`);

export function failureOf(error: ServiceError): Told {
  const { code, details: message, metadata: trailers } = error;
  const [bytes] = trailers.get('grpc-status-details-bin') as Buffer[];
  const details: Record<string, any> = {};
  if (bytes !== undefined) {
    const status: any = root.lookupType('Status').decode(bytes);
    if (status.code !== code) throw new Error(`${status.code} in the details of a ${code}`);
    for (const { type_url: url, typeUrl = url, value } of status.details) {
      const name = /[^.]+$/.exec(typeUrl)![0];
      const type = root.lookupType(name);
      details[name] = type.toObject(type.decode(value), { longs: Number });
    }
  }
  return { code, message, trailers, details };
}
