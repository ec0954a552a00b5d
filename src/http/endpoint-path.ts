import type { Endpoint } from '../endpoint/endpoint.js';

/**
 * What Nest asks of a request, besides method and path, before it takes it to a route: a host, a version.
 * The request is Nest's: Node's own on Express, Fastify's on Fastify.
 */
export type RouteCondition = (request: unknown) => boolean;

/** Where an endpoint is, whatever the method. */
export interface EndpointPath {
  readonly endpoint: Endpoint;
  matches(path: string): boolean;
  readonly isItsHost: RouteCondition | undefined;
}
