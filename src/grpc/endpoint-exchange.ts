import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { Exchange } from './exchange.js';

/** An exchange with a client that has called an endpoint by its own method. */
export class EndpointExchange extends Exchange {
  readonly endpoint: Endpoint;

  constructor(endpoint: Endpoint, wire: ServerInterceptingCallInterface, arrive: () => void) {
    super(endpoint.options.bodyLimit, wire, arrive);
    this.endpoint = endpoint;
  }
}
