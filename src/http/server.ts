import type { Server } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { continueWhenRead } from './expect-continue.js';

/** Sets up Node's own server for what endpoints promise. */
export function prepareServer(adapter: AbstractHttpAdapter, registry: EndpointRegistry): void {
  const server: Server = adapter.getHttpServer();
  continueWhenRead(server);
  // Node's own limit (300 s by default, 0 for none) would cut an upload whose endpoint may take longer.
  if (server.requestTimeout > 0) {
    const timeouts = registry.endpoints.map(({ options }) => options.timeout);
    server.requestTimeout = Math.max(server.requestTimeout, ...timeouts);
  }
}
