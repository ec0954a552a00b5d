import { VersioningType, type VersioningOptions } from '@nestjs/common';
import {
  AnswerCache,
  cacheScope,
  type FilledCacheModuleOptions,
  type GuardedStore,
} from '../cache/index.js';
import { ConfigurationError } from '../errors/index.js';
import type { ServingMetrics } from '../metrics/index.js';
import type { EndpointDeclaration } from './declaration.js';
import { Endpoint, type EndpointPlan } from './endpoint.js';
import type { EndpointDiscovery } from './endpoint-discovery.js';
import type { EndpointDefaults } from './endpoint-options.js';
import { versionOf } from './route-metadata.js';

/** A route that Nest has made of a declaration. */
export interface BoundRoute {
  /** The template, with every prefix and version. */
  readonly path: string;
  readonly declaration: EndpointDeclaration;
  /** `Class.method`, as Nest names the handlers of routes. */
  readonly handlerName: string;
}

/** The endpoints of an app: makes one of each plan when its route is known. */
export class EndpointRegistry {
  readonly #discovery: EndpointDiscovery;
  readonly #metrics: ServingMetrics;
  readonly #store: GuardedStore;
  readonly #endpoints = new Map<EndpointPlan, Endpoint>();
  readonly #routes = new Map<string, Endpoint>();

  #plans: readonly EndpointPlan[] = [];
  #cacheOptions!: FilledCacheModuleOptions;

  constructor(discovery: EndpointDiscovery, metrics: ServingMetrics, store: GuardedStore) {
    this.#discovery = discovery;
    this.#metrics = metrics;
    this.#store = store;
  }

  get endpoints(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  /** By template. */
  get routes(): ReadonlyMap<string, Endpoint> {
    return this.#routes;
  }

  /** @throws {ConfigurationError} for the first mistake in a decorator */
  discover({
    defaults,
    cache,
  }: {
    defaults: EndpointDefaults;
    cache: FilledCacheModuleOptions;
  }): void {
    this.#plans = this.#discovery.find(defaults, cache.ttl);
    this.#cacheOptions = cache;
  }

  /** @throws {ConfigurationError} where two endpoints answer one route and no version tells them apart */
  bind(route: BoundRoute, versioning: VersioningOptions | undefined): Endpoint {
    const plan = this.#planOf(route);
    const endpoint = this.#endpoints.get(plan) ?? this.#create(plan, route.path);
    const first = this.#routes.get(route.path);
    if (first === undefined) {
      this.#routes.set(route.path, endpoint);
    } else if (first !== endpoint) {
      if (versioning === undefined || versioning.type === VersioningType.URI) {
        throw new ConfigurationError(
          `${endpoint.owner}: expected a route of its own, got POST ${route.path}, which ${first.owner} answers already`,
        );
      }
      first.alternatives.push(endpoint);
    }
    return endpoint;
  }

  #planOf({ declaration, handlerName }: BoundRoute): EndpointPlan {
    const plans = this.#plans.filter((plan) => plan.declaration === declaration);
    // A class and a subclass that adds nothing share the declaration.
    return (
      plans.find(({ controller, method }) => `${controller.name}.${method}` === handlerName) ??
      plans[0]!
    );
  }

  #create(plan: EndpointPlan, route: string): Endpoint {
    const { options, cachePolicy, schema, controller, method } = plan;
    // Two classes of one name may answer a route, each a version of it.
    const version = versionOf(controller, controller.prototype[method]);
    const { namespace, clientControl } = this.#cacheOptions;
    const scope = {
      namespace,
      endpoint: `${route} ${controller.name}.${method} ${version}`,
      version: options.version,
      schema: schema?.fingerprint,
    };
    const endpoint = new Endpoint(plan, {
      route,
      metrics: this.#metrics.forEndpoint(route),
      cache:
        cachePolicy &&
        new AnswerCache({
          store: this.#store,
          policy: cachePolicy,
          scope: cacheScope(scope),
          clientControl,
        }),
    });
    this.#endpoints.set(plan, endpoint);
    this.#metrics.watch(endpoint);
    return endpoint;
  }
}
