import {
  status,
  type Server,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { bareMethod, OwnProto, type OwnService } from './own-service.js';
import { MALFORMED } from './refusal.js';

const SERVICE = 'grpc.health.v1.Health';

const PROTO = new OwnProto(
  'grpc/health/v1/health.proto',
  `
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
  }
`,
);

type ServingStatus = 'SERVING' | 'NOT_SERVING' | 'SERVICE_UNKNOWN';

/** How often readiness is looked at while somebody watches it, in milliseconds: it tells of no change. */
const INTERVAL = 1000;

interface Watcher {
  readonly service: string;
  readonly stream: ServerWritableStream<Buffer, Buffer>;
  last: ServingStatus | undefined;
}

/**
 * `grpc.health.v1.Health`: the app as a whole, by the empty name, is as ready as `/__ready` says; a service
 * is while each of its endpoints is.
 */
export class HealthService implements OwnService {
  readonly names = [SERVICE];
  readonly protos = [PROTO];
  readonly #readiness: Readiness;
  readonly #endpoints: ReadonlyMap<string, readonly Endpoint[]>;
  readonly #request = PROTO.codec('grpc.health.v1.HealthCheckRequest');
  readonly #response = PROTO.codec('grpc.health.v1.HealthCheckResponse');
  readonly #watchers = new Set<Watcher>();
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;

  /** @param endpoints those of each service, by its full name */
  constructor(readiness: Readiness, endpoints: ReadonlyMap<string, readonly Endpoint[]>) {
    this.#readiness = readiness;
    this.#endpoints = endpoints;
  }

  addTo(server: Server): void {
    const one = { requestStream: false, responseStream: false };
    const many = { requestStream: false, responseStream: true };
    server.addService(
      { Check: bareMethod(`/${SERVICE}/Check`, one), Watch: bareMethod(`/${SERVICE}/Watch`, many) },
      {
        Check: (call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) =>
          this.#check(call.request, respond),
        Watch: (stream: ServerWritableStream<Buffer, Buffer>) => this.#watch(stream),
      },
    );
  }

  tell(): void {
    for (const watcher of this.#watchers) {
      const now = this.#statusOf(watcher.service);
      if (now === watcher.last) continue;
      watcher.last = now;
      watcher.stream.write(this.#response.encode({ status: now }));
    }
  }

  end(): void {
    this.#isEnding = true;
    this.tell();
    for (const { stream } of this.#watchers) this.#leave(stream);
  }

  #check(request: Buffer, respond: sendUnaryData<Buffer>): void {
    const service = this.#serviceOf(request);
    if (service === undefined) return respond(MALFORMED);
    const now = this.#statusOf(service);
    if (now === 'SERVICE_UNKNOWN') {
      return respond({ code: status.NOT_FOUND, details: 'There is no such service' });
    }
    respond(null, this.#response.encode({ status: now }));
  }

  #watch(stream: ServerWritableStream<Buffer, Buffer>): void {
    const service = this.#serviceOf(stream.request);
    if (service === undefined) return void stream.emit('error', MALFORMED);
    const watcher = { service, stream, last: undefined };
    this.#watchers.add(watcher);
    stream.on('cancelled', () => this.#forget(watcher));
    this.#timer ??= setInterval(() => this.tell(), INTERVAL).unref();
    this.tell();
    if (this.#isEnding) this.#leave(stream);
  }

  #leave(stream: ServerWritableStream<Buffer, Buffer>): void {
    stream.emit('error', { code: status.UNAVAILABLE, details: 'The server is shutting down' });
  }

  #forget(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #serviceOf(request: Buffer): string | undefined {
    try {
      const { service = '' } = this.#request.readBinary(request) as { service?: string };
      return service;
    } catch {
      return undefined;
    }
  }

  #statusOf(service: string): ServingStatus {
    if (service === '') return this.#readiness.ready ? 'SERVING' : 'NOT_SERVING';
    const endpoints = this.#endpoints.get(service);
    if (endpoints === undefined) return 'SERVICE_UNKNOWN';
    const isReady = endpoints.every((endpoint) => this.#readiness.readyFor(endpoint));
    return isReady ? 'SERVING' : 'NOT_SERVING';
  }
}
