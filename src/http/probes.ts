import type { AbstractHttpAdapter } from '@nestjs/core';
import { register } from 'prom-client';
import type { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { Exposition } from '../metrics/index.js';
import type { ClusterLink } from '../serve/cluster-link.js';
import { JSON_TYPE, send, type NestResponse } from './reply.js';

/** Where an app tells of itself. `false` leaves a path to the app. */
export interface ProbePaths {
  /** Says that the process answers. */
  readonly ping: string | false;
  /** 200 while requests are welcome, else 503. */
  readonly ready: string | false;
  /** What Prometheus scrapes. */
  readonly metrics: string | false;
}

/** What the probes of an app show. */
export interface ProbeSources {
  readonly readiness: Readiness;
  readonly registry: EndpointRegistry;
  /** The other worker processes, if there are any. */
  readonly cluster: ClusterLink | undefined;
}

interface EndpointState {
  readonly name: string;
  readonly version: string | undefined;
  readonly ready: boolean;
  readonly stalled: true | undefined;
}

/**
 * The routes that tell of the app: straight on the adapter, so that no guard, prefix, limit or queue
 * of the app stands before them.
 */
export function installProbes(
  adapter: AbstractHttpAdapter,
  paths: ProbePaths,
  { readiness, registry, cluster }: ProbeSources,
): void {
  function get(path: string | false, handler: (response: NestResponse) => unknown): void {
    if (path !== false)
      adapter.get(path, (_: unknown, response: NestResponse) => void handler(response));
  }

  function endpoints(): Record<string, EndpointState> {
    const states: Record<string, EndpointState> = {};
    for (const endpoint of registry.endpoints) {
      const { route, options } = endpoint;
      // Where several versions answer a route, one that is not ready is the one to tell of.
      if (states[route]?.ready === false) continue;
      states[route] = {
        name: options.name,
        version: options.version,
        ready: readiness.readyFor(endpoint),
        stalled: endpoint.stalled || undefined,
      };
    }
    return states;
  }

  function workers(): object {
    if (cluster === undefined) return {};
    return { workers: { ready: cluster.fleet.readyWorkers, total: cluster.fleet.workers } };
  }

  get(paths.ping, (response) => send(response, 200, 'text/plain; charset=utf-8', 'Success'));

  get(paths.ready, (response) => {
    const { ready } = readiness;
    const text = JSON.stringify({ ready, endpoints: endpoints(), ...workers() });
    send(response, ready ? 200 : 503, JSON_TYPE, text);
  });

  const exposition = new Exposition();
  get(paths.metrics, async (response) => {
    try {
      const text = await (cluster === undefined ? exposition.text() : cluster.metrics());
      send(response, 200, register.contentType, text);
    } catch (error) {
      send(response, 503, 'text/plain; charset=utf-8', (error as Error).message);
    }
  });
}
