import type {
  sendUnaryData,
  Server,
  ServerInterceptingCallInterface,
  ServerUnaryCall,
  ServerWritableStream,
} from '@grpc/grpc-js';
import { Entrance } from '../gate/entrance.js';
import type { Gate, Passage } from '../gate/gate.js';
import { Intake } from '../gate/intake.js';
import type { UploadBudget } from '../gate/upload-budget.js';
import type { Readiness } from '../lifecycle/readiness.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { EndpointExchange } from './endpoint-exchange.js';
import type { Handle } from './exchange.js';
import { GrpcDoor } from './grpc-door.js';
import { definitionOf, type ServedMethod } from './methods.js';

/**
 * The endpoints as methods of their services. An interceptor of grpc-js stands before their handlers: it
 * sees a call's message as it comes, and what grpc-js refuses. The handlers are where a call begins, in
 * the async context that an instrumentation of grpc-js has made for it.
 */
export class EndpointService {
  readonly #methods: ReadonlyMap<string, ServedMethod>;
  readonly #passages = new Map<Endpoint, Passage>();
  readonly #entrance: Entrance<EndpointExchange>;
  /** Between the interceptor and the handler, which grpc-js calls one after the other. */
  #arriving: EndpointExchange | undefined;

  constructor(
    methods: ReadonlyMap<string, ServedMethod>,
    gate: Gate,
    readiness: Readiness,
    uploads: UploadBudget,
  ) {
    this.#methods = methods;
    for (const { endpoint } of methods.values()) {
      this.#passages.set(endpoint, gate.passage(endpoint, 'rpc'));
    }
    const door = new GrpcDoor(uploads);
    this.#entrance = new Entrance(door, new Intake(door, readiness), (call, exchange) => {
      const { metadata, stream } = exchange;
      const data = call.input;
      const visit = { args: [data, metadata, stream], request: { data, metadata } };
      return this.#passages.get(call.endpoint)!(call, visit);
    });
  }

  /** Takes a call of an endpoint before grpc-js reads it. */
  intercept(path: string, wire: ServerInterceptingCallInterface): EndpointExchange | undefined {
    const served = this.#methods.get(path);
    if (served === undefined) return undefined;
    const exchange = new EndpointExchange(served.endpoint, wire, () => {
      this.#arriving = exchange;
    });
    return exchange;
  }

  addTo(server: Server): void {
    for (const method of this.#methods.values()) {
      const handle = method.endpoint.options.stream
        ? (stream: ServerWritableStream<Buffer, Buffer>) => this.#begin({ stream })
        : (stream: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>) =>
            this.#begin({ stream, respond });
      server.addService({ [method.name]: definitionOf(method) }, { [method.name]: handle });
    }
  }

  #begin(handle: Handle): void {
    const exchange = this.#arriving!;
    this.#arriving = undefined;
    exchange.begin(handle);
    this.#entrance.enter(exchange);
  }
}
