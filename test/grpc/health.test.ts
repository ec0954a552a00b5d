import { once } from 'node:events';
import { status } from '@grpc/grpc-js';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { describe, expect, it } from 'vitest';
import { Readiness } from '../../src/lifecycle/readiness.js';
import { GrpcClient } from './grpc-client.js';
import { framed, openSession, rawCall } from './raw-call.js';
import { GRPC_DOORS, startGrpc } from './shared-app.js';

/** As grpc.health.v1 has it, written here once more. */
const HEALTH = `
  syntax = "proto3";
  package grpc.health.v1;
  message HealthCheckRequest { string service = 1; }
  message HealthCheckResponse {
    enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
    ServingStatus status = 1;
  }
  service Health {
    rpc Check(HealthCheckRequest) returns (HealthCheckResponse);
    rpc Watch(HealthCheckRequest) returns (stream HealthCheckResponse);
  }`;

const proto = `
  syntax = "proto3"; package acme;
  message Request {} message Response {}
  service Model { rpc Run(Request) returns (Response); }`;
const schema = protobufSchema(
  { file: 'a.proto', files: { 'a.proto': proto } },
  { rpc: 'Model.Run' },
);

@ModelEndpoint('/run', schema)
class Model {
  predict() {
    return {};
  }
}

const parts = { controllers: [Model] };
const healthOf = (address: string) => new GrpcClient(HEALTH, 'grpc.health.v1.Health', address);

describe.each(GRPC_DOORS)('Health on $door', (way) => {
  it('is as ready as the app, and as each service', async () => {
    const { app, address } = await startGrpc(way, parts);
    const health = healthOf(address);
    const check = async (service: string) =>
      (await health.call('Check', { service })).answer?.status;
    expect(await check('')).toBe('SERVING');
    expect(await check('acme.Model')).toBe('SERVING');
    expect(await health.call('Check', { service: 'acme.Nobody' })).toMatchObject({
      code: status.NOT_FOUND,
    });
    app.get(Readiness, { strict: false }).enter('draining');
    expect(await check('')).toBe('NOT_SERVING');
    expect(await check('acme.Model')).toBe('NOT_SERVING');
  });

  it('tells watchers of each change, and of the end', async () => {
    const { address, close } = await startGrpc(way, parts);
    const health = healthOf(address);
    const watch = (service: string) => health.raw.Watch({ service });
    const all = watch('');
    const unknown = watch('acme.Nobody');
    expect(await once(all, 'data')).toEqual([{ status: 'SERVING' }]);
    expect(await once(unknown, 'data')).toEqual([{ status: 'SERVICE_UNKNOWN' }]);
    const last = once(all, 'data');
    const ends = Promise.all([all, unknown].map((stream) => once(stream, 'error')));
    const closed = close();
    expect(await last).toEqual([{ status: 'NOT_SERVING' }]);
    for (const [error] of await ends) expect(error.code).toBe(status.UNAVAILABLE);
    await closed;
  });

  it('refuses what cannot be read', async () => {
    const { address } = await startGrpc(way, parts);
    const session = openSession(address);
    const reflect = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
    for (const path of ['Check', 'Watch']
      .map((method) => `/grpc.health.v1.Health/${method}`)
      .concat(reflect)) {
      const corrupt = framed(Buffer.from('no archive'), true);
      const refused = [
        await rawCall(session, path, framed(Buffer.from([255]))),
        await rawCall(session, path, corrupt, { 'grpc-encoding': 'gzip' }),
        await rawCall(session, path, framed(Buffer.alloc(0)), { 'grpc-timeout': 'soon' }),
      ];
      expect(
        refused.map(({ code }) => code),
        path,
      ).toEqual(refused.map(() => status.INVALID_ARGUMENT));
    }
  });

  it('is not there where it is turned off', async () => {
    const { address } = await startGrpc(way, parts, { health: false });
    expect(await healthOf(address).call('Check', {})).toMatchObject({
      code: status.UNIMPLEMENTED,
    });
  });
});
