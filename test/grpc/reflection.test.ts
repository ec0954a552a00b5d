import { createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { create } from '@bufbuild/protobuf';
import { Client, credentials, status } from '@grpc/grpc-js';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { GrpcClient } from './grpc-client.js';
import { framed, openSession, rawCall } from './raw-call.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

/** As grpc.reflection has it, written here once more. */
const reflection = (version: string) => `
  syntax = "proto3";
  package grpc.reflection.${version};
  service ServerReflection { rpc ServerReflectionInfo(stream Request) returns (stream Response); }
  message Request {
    string host = 1;
    oneof message_request {
      string file_by_filename = 3;
      string file_containing_symbol = 4;
      Extension file_containing_extension = 5;
      string all_extension_numbers_of_type = 6;
      string list_services = 7;
    }
  }
  message Extension { string containing_type = 1; int32 extension_number = 2; }
  message Response {
    string valid_host = 1;
    Request original_request = 2;
    oneof message_response {
      Files file_descriptor_response = 4;
      Numbers all_extension_numbers_response = 5;
      Services list_services_response = 6;
      Error error_response = 7;
    }
  }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message Numbers { string base_type_name = 1; repeated int32 extension_number = 2; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; }
  message Error { int32 error_code = 1; string error_message = 2; }`;

const files = {
  'svc/model.proto': `
    syntax = "proto3"; package acme.v1;
    import "common/point.proto";
    import "google/protobuf/timestamp.proto";
    message Request { acme.common.Point at = 1; map<string, int64> counts = 2; optional int32 n = 3; }
    message Response { google.protobuf.Timestamp when = 1; oneof of { string a = 2; bytes b = 3; } }
    service Model { rpc Run(Request) returns (Response); rpc Unserved(Request) returns (Response); }`,
  'common/point.proto': `
    syntax = "proto2"; package acme.common;
    message Point { required double x = 1; extensions 100 to 200; }
    extend Point { optional string name = 120; }`,
};
const schema = protobufSchema(
  { file: 'svc/model.proto', files },
  { rpc: 'Model.Run', includeDirs: ['.'] },
);

@ModelEndpoint('/run', schema)
class Model {
  predict({ at }: { at?: { x: number } }) {
    return at === undefined ? {} : { a: `at ${at.x}`, when: '2026-01-02T03:04:05Z' };
  }
}
/** A schema of a file that is called as another's, and as one of the library's own. */
const twin = (file: string, name: string) =>
  protobufSchema(
    {
      file,
      files: {
        [file]: `syntax = "proto3"; package ${name}; import "part.proto";
          message Request { Part part = 1; } message Response { Part part = 1; }
          service Twin { rpc Run(Request) returns (Response); }`,
        'part.proto': `syntax = "proto3"; package ${name}; message Part { string of_${name} = 1; }`,
      },
    },
    { rpc: 'Twin.Run' },
  );
class Echo {
  predict(request: object) {
    return request;
  }
}
@ModelEndpoint('/one', twin('model.proto', 'one'))
class One extends Echo {}
@ModelEndpoint('/two', twin('model.proto', 'two'))
class Two extends Echo {}
@ModelEndpoint('/health', twin('health.proto', 'three'))
class Three extends Echo {}

const parts = { controllers: [Model] };
const twins = { controllers: [One, Two, Three] };

/** Asks questions one after the other on one stream, as grpcurl does. */
function ask(address: string, version: string) {
  const service = `grpc.reflection.${version}.ServerReflection`;
  const { raw } = new GrpcClient(reflection(version), service, address);
  const stream = raw.ServerReflectionInfo();
  const answers = stream[Symbol.asyncIterator]();
  return {
    async about(question: object): Promise<any> {
      stream.write(question);
      return (await answers.next()).value;
    },
    async end(): Promise<void> {
      stream.end();
      expect((await answers.next()).done).toBe(true);
    },
  };
}

/** Calls a method of which it knows the name only, with JSON, the way that grpcurl goes. */
async function grpcurl(address: string, service: string, method: string, json: any): Promise<any> {
  let files: Uint8Array[] | undefined;
  for (const version of ['v1', 'v1alpha']) {
    const { about, end } = ask(address, version);
    const told = await about({ fileContainingSymbol: service }).catch((error) => error);
    if (told.code === status.UNIMPLEMENTED) continue;
    files = told.fileDescriptorResponse.fileDescriptorProto;
    await end();
    break;
  }
  const protos = files!.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  const registry = createFileRegistry(
    create(FileDescriptorSetSchema, { file: protos.toReversed() }),
  );
  const found = registry.getService(service)!.methods.find(({ name }) => name === method)!;
  const client = new Client(address, credentials.createInsecure());
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/${service}/${method}`,
        (message: any) => Buffer.from(toBinary(found.input, message)),
        (bytes) => toJson(found.output, fromBinary(found.output, bytes)),
        fromJson(found.input, json),
        (error, answer) => (error ? reject(error) : resolve(answer)),
      );
    });
  } finally {
    client.close();
  }
}

describe.each(GRPC_DOORS)('Reflection on $door', (way) => {
  it.each(['v1', 'v1alpha'])('lists services and gives their files (%s)', async (version) => {
    const { address } = await startGrpc(way, parts);
    const { about, end } = ask(address, version);
    const listed = await about({ host: 'here', listServices: '' });
    expect(listed).toMatchObject({ validHost: 'here', originalRequest: { host: 'here' } });
    const names = listed.listServicesResponse.service.map(({ name }: { name: string }) => name);
    expect(names).toEqual([
      'acme.v1.Model',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
      'grpc.reflection.v1alpha.ServerReflection',
    ]);

    // What it gives for each of them is whole: another library makes messages of it.
    for (const name of [...names, 'acme.v1.Model.Run', '.acme.v1.Response.when']) {
      const { fileDescriptorResponse } = await about({ fileContainingSymbol: name });
      const protos = fileDescriptorResponse.fileDescriptorProto.map((bytes: Uint8Array) =>
        fromBinary(FileDescriptorProtoSchema, bytes),
      );
      const registry = createFileRegistry(
        create(FileDescriptorSetSchema, { file: protos.toReversed() }),
      );
      if (name !== 'acme.v1.Model') continue;
      expect(protos.map((proto: { name: string }) => proto.name)).toEqual([
        'svc/model.proto',
        'common/point.proto',
        'google/protobuf/timestamp.proto',
      ]);
      expect(registry.getService(name)!.methods.map((method) => method.name)).toEqual([
        'Run',
        'Unserved',
      ]);
      expect(
        registry.getMessage('acme.v1.Request')!.fields.map(({ jsonName }) => jsonName),
      ).toEqual(['at', 'counts', 'n']);
    }
    const byName = await about({ fileByFilename: 'common/point.proto' });
    expect(byName.fileDescriptorResponse.fileDescriptorProto).toHaveLength(1);

    const containingType = 'acme.common.Point';
    const extension = await about({
      fileContainingExtension: { containingType, extensionNumber: 120 },
    });
    expect(extension.fileDescriptorResponse).toEqual(byName.fileDescriptorResponse);
    const numbers = await about({ allExtensionNumbersOfType: containingType });
    expect(numbers.allExtensionNumbersResponse).toEqual({
      baseTypeName: containingType,
      extensionNumber: [120],
    });

    for (const question of [
      { fileByFilename: '/etc/passwd' },
      { fileContainingSymbol: 'acme.v1.Nobody' },
      { fileContainingExtension: { containingType, extensionNumber: 121 } },
      { allExtensionNumbersOfType: 'acme.v1.Nobody' },
    ]) {
      expect((await about(question)).errorResponse).toMatchObject({ errorCode: status.NOT_FOUND });
    }
    expect((await about({})).errorResponse).toMatchObject({ errorCode: status.INVALID_ARGUMENT });
    await end();
  });

  it('is all that a call needs, for a client that knows its name', async () => {
    const { address } = await startGrpc(way, parts);
    expect(await grpcurl(address, 'acme.v1.Model', 'Run', { at: { x: 1.5 } })).toEqual({
      a: 'at 1.5',
      when: '2026-01-02T03:04:05Z',
    });
  });

  it('gives each file a name of its own, for clients that keep all of them', async () => {
    const { address } = await startGrpc(way, twins);
    const { about, end } = ask(address, 'v1');
    const { listServicesResponse } = await about({ listServices: '' });
    const kept = new Map<string, Uint8Array>();
    for (const { name } of listServicesResponse.service) {
      const { fileDescriptorResponse } = await about({ fileContainingSymbol: name });
      for (const bytes of fileDescriptorResponse.fileDescriptorProto) {
        const proto = fromBinary(FileDescriptorProtoSchema, bytes);
        expect(kept.get(proto.name) ?? bytes, proto.name).toEqual(bytes);
        kept.set(proto.name, bytes);
        const byName = await about({ fileByFilename: proto.name });
        expect(byName.fileDescriptorResponse.fileDescriptorProto[0]).toEqual(bytes);
      }
    }
    expect([...kept.keys()]).toEqual([
      'model.proto',
      'part.proto',
      'two/model.proto',
      'two/part.proto',
      'health.proto',
      'three/part.proto',
      'grpc/health/v1/health.proto',
      'grpc/reflection/v1/reflection.proto',
      'grpc/reflection/v1alpha/reflection.proto',
    ]);
    await end();
    expect(await grpcurl(address, 'two.Twin', 'Run', { part: { ofTwo: 'x' } })).toEqual({
      part: { ofTwo: 'x' },
    });
  });

  it('ends with what is no request, whatever comes before and behind', async () => {
    const { address } = await startGrpc(way, parts);
    const list = framed(Buffer.from([58, 0]));
    const malformed = framed(Buffer.from([255]));
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    const body = Buffer.concat([list, malformed, list, malformed, list]);
    const told = await rawCall(openSession(address), path, body);
    expect(told).toMatchObject({
      code: status.INVALID_ARGUMENT,
      message: 'The request is malformed',
    });
    expect(told.messages).toHaveLength(1);
  });

  it('does not hold the app up', async () => {
    const { address, close } = await startGrpc(way, parts);
    const { about } = ask(address, 'v1');
    await about({ listServices: '' });
    await close();
  });

  it('is not there where it is turned off', async () => {
    const { address } = await startGrpc(way, parts, { reflection: false });
    await expect(ask(address, 'v1').about({ listServices: '' })).rejects.toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
});
