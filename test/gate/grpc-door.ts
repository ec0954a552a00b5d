import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { HttpException, type ArgumentsHost } from '@nestjs/common';
import { protobufSchema } from 'nestjs-model-serving';
import { onTestFinished } from 'vitest';
import { EndpointRegistry } from '../../src/endpoint/endpoint-registry.js';
import { failureOf } from '../grpc/grpc-client.js';
import { startGrpc } from '../grpc/shared-app.js';
import type { Adapter, AppUnderTest } from '../serving-app.js';
import type { OpenDoor, Told } from './doors.js';

export const PROTO = `
  syntax = "proto3";
  import "google/protobuf/struct.proto";
  service Door {
    rpc run(google.protobuf.Struct) returns (google.protobuf.Struct);
    rpc tell(google.protobuf.Struct) returns (google.protobuf.Struct);
    rpc count(google.protobuf.Struct) returns (stream google.protobuf.Struct);
  }`;

/** A schema that takes any JSON object, as an endpoint without one does, and is a method of a service. */
export function anyObject(method: 'run' | 'tell' | 'count') {
  const files = { file: 'door.proto', files: { 'door.proto': PROTO } };
  return protobufSchema(files, { rpc: `Door.${method}` });
}

/** The headers of a request, or the metadata of a call. */
export function headersOf(host: ArgumentsHost): Record<string, unknown> {
  if (host.getType() === 'http') return host.switchToHttp().getRequest().headers;
  return host.switchToRpc().getContext<Metadata>().getMap();
}

/** What a filter answers an error with: by rpc, it gives another. */
export function answerInPlace(host: ArgumentsHost, status: number, taken: string): unknown {
  if (host.getType() === 'rpc') return new HttpException(taken, status);
  host.switchToHttp().getResponse().status(status).send({ taken });
  return undefined;
}

/** As HTTP would have it; one of several for some. */
const STATUSES: Record<number, number> = {
  [status.OK]: 200,
  [status.INVALID_ARGUMENT]: 400,
  [status.UNAUTHENTICATED]: 401,
  [status.PERMISSION_DENIED]: 403,
  [status.ABORTED]: 409,
  [status.FAILED_PRECONDITION]: 418,
  [status.RESOURCE_EXHAUSTED]: 429,
  [status.INTERNAL]: 500,
};

export async function openGrpcDoor(adapter: Adapter, parts: AppUnderTest): Promise<OpenDoor> {
  const { app, address } = await startGrpc({ adapter, port: "the app's port" }, parts);
  const client = new Client(address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  });
  onTestFinished(() => client.close());

  function call(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Told> {
    const { schema } = app.get(EndpointRegistry, { strict: false }).routes.get(path)!;
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Promise((resolve) => {
      client.makeUnaryRequest(
        `/${schema!.method!.parent!.fullName.slice(1)}/${schema!.method!.name}`,
        () => bytesOf(schema!.request!, body),
        (bytes) => JSON.parse(JSON.stringify(schema!.response!.readBinary(bytes))),
        undefined,
        metadata,
        (error: ServiceError | null, answer) => {
          if (error === null) return resolve({ status: 200, body: answer });
          const { code, message, details } = failureOf(error);
          resolve({
            status: STATUSES[code]!,
            body: { error: message, code: status[code], details: details.BadRequest },
          });
        },
      );
    });
  }
  return { app, call };
}

/** What has no form as a message is sent as bytes that are none. */
function bytesOf(codec: { writeBinary(value: unknown): Buffer }, body: unknown): Buffer {
  try {
    return codec.writeBinary(body);
  } catch {
    return Buffer.from([255]);
  }
}
