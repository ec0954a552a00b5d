import type { MethodDefinition } from '@grpc/grpc-js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { ConfigurationError } from '../errors/index.js';
import { inPlace } from '../schema/index.js';
import { bareMethod } from './own-service.js';

/** An endpoint that is a method of a service. */
export interface ServedMethod {
  readonly endpoint: Endpoint;
  /** The full name of its service. */
  readonly service: string;
  readonly name: string;
  /** What a client asks for: `/acme.Greeter/Greet`. */
  readonly path: string;
}

/**
 * The methods that endpoints are, by path.
 *
 * @throws {ConfigurationError} where an endpoint cannot be the one that its schema names
 */
export function methodsOf(endpoints: readonly Endpoint[]): Map<string, ServedMethod> {
  const methods = new Map<string, ServedMethod>();
  for (const endpoint of endpoints) {
    const method = endpoint.schema?.method;
    if (method === undefined) continue;
    const service = method.parent!.fullName.replace(/^\./, '');
    const path = `/${service}/${method.name}`;
    const { owner, options } = endpoint;
    if (options.stream && !method.responseStream) {
      throw new ConfigurationError(
        `${owner}: expected rpc ${service}.${method.name} to return a stream, as the endpoint has stream: true, got one that returns a single message${inPlace(method)}`,
      );
    }
    const first = methods.get(path);
    if (first !== undefined) {
      throw new ConfigurationError(
        `${owner}: expected a method of its own, got rpc ${service}.${method.name}, which ${first.endpoint.owner} is already`,
      );
    }
    methods.set(path, { endpoint, service, name: method.name, path });
  }
  return methods;
}

/** A method as grpc-js is told of it. */
export function definitionOf({ path, endpoint }: ServedMethod): MethodDefinition<Buffer, Buffer> {
  return bareMethod(path, { requestStream: false, responseStream: endpoint.options.stream });
}
