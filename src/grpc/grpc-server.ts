import { createRequire } from 'node:module';
import { Logger } from '@nestjs/common';
import type { Server as HttpServer } from 'node:http';
import { Server, ServerCredentials, type ServerInterceptingCall } from '@grpc/grpc-js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Gate } from '../gate/gate.js';
import type { UploadBudget } from '../gate/upload-budget.js';
import type { Drain } from '../lifecycle/drain.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { EndpointService } from './endpoint-service.js';
import { GrpcConnections } from './grpc-connections.js';
import type { FilledGrpcOptions } from './grpc-options.js';
import { methodsOf } from './methods.js';
import type { OwnService } from './own-service.js';
import { ownServices } from './own-services.js';
import { OwnPort } from './own-port.js';
import { sharePort } from './shared-port.js';
import { SMALL, takingSmallMessages } from './small-messages.js';

const require = createRequire(import.meta.url);

/**
 * How often a client is asked whether it is still there, in milliseconds. Without it a connection is kept for ever
 * whose client has gone without a word, or that Node has ended for resetting too many streams: Node sends its
 * GOAWAY then, and leaves the socket.
 */
const KEEPALIVE = 60_000;

/** The parts of an app that a server of gRPC works with. */
export interface Surroundings {
  readonly endpoints: readonly Endpoint[];
  readonly gate: Gate;
  readonly readiness: Readiness;
  readonly uploads: UploadBudget;
  readonly drain: Drain;
  /** Those of other rooms. */
  readonly services: readonly OwnService[];
}

/** The app's server of gRPC: its services, and the port that they are reached by. */
export class GrpcServer {
  readonly #options: FilledGrpcOptions;
  readonly #drain: Drain;
  readonly #server: Server;
  readonly #connections: GrpcConnections;
  #ownPort: OwnPort | undefined;

  /** @throws {ConfigurationError} */
  constructor(
    options: FilledGrpcOptions,
    { endpoints, gate, readiness, uploads, drain, services }: Surroundings,
  ) {
    this.#options = options;
    this.#drain = drain;
    const methods = methodsOf(endpoints);
    if (methods.size === 0 && services.length === 0) {
      new Logger('GrpcModule').warn(
        'No endpoint has a schema that says rpc: there is nothing to be called by gRPC',
      );
    }
    const ofEndpoints = new EndpointService(methods, gate, readiness, uploads);
    const own = ownServices(options, [...methods.values()], readiness, services);
    const { credentials = ServerCredentials.createInsecure(), channelOptions } = options;
    // An instrumentation of the app learns of a package when it is required: an import passes it by.
    require('@grpc/grpc-js');
    this.#server = new Server({
      'grpc.enable_channelz': 0,
      'grpc.keepalive_time_ms': KEEPALIVE,
      ...channelOptions,
      'grpc.max_receive_message_length': Math.max(
        SMALL,
        ...[...methods.values()].map(({ endpoint }) => endpoint.options.bodyLimit),
        ...own.map(({ messageLimit = 0 }) => messageLimit),
      ),
      interceptors: [
        ({ path }, wire) =>
          ofEndpoints.intercept(path, wire) ??
          interceptedBy(own, path, wire) ??
          takingSmallMessages(wire),
      ],
    });
    ofEndpoints.addTo(this.#server);
    for (const service of own) service.addTo(this.#server);
    drain.onBegin(() => own.forEach((service) => service.tell?.()));
    this.#connections = new GrpcConnections(this.#server, credentials, () =>
      own.forEach((service) => service.end()),
    );
  }

  get port(): number | undefined {
    return this.#ownPort?.address.port;
  }

  /** @throws {ConfigurationError} where the app's port cannot be shared */
  async start(httpServer: HttpServer): Promise<void> {
    const { port, host } = this.#options;
    if (port === undefined) {
      this.#drain.add(this.#connections);
      sharePort(httpServer, (socket) => {
        this.#drain.forget(socket);
        this.#connections.take(socket);
      });
      return;
    }
    const ownPort = new OwnPort(this.#connections);
    await ownPort.listen(port, host);
    this.#ownPort = ownPort;
    this.#drain.add(ownPort);
  }

  /** Lets go of everything. Whoever closes an app has drained it before. */
  stop(): void {
    this.#server.forceShutdown();
  }
}

function interceptedBy(
  services: readonly OwnService[],
  ...call: Parameters<Required<OwnService>['intercept']>
): ServerInterceptingCall | undefined {
  for (const service of services) {
    const taken = service.intercept?.(...call);
    if (taken !== undefined) return taken;
  }
  return undefined;
}
