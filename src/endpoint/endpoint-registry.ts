import { VersioningType, type VersioningOptions } from '@nestjs/common';
import {
  AnswerCache,
  cacheScope,
  type FilledCacheModuleOptions,
  type GuardedStore,
} from '../cache/index.js';
import { ConfigurationError } from '../errors/index.js';
import { RefusalBrake } from '../execution/index.js';
import type { ServingMetrics } from '../metrics/index.js';
import type { Tracing } from '../tracing/index.js';
import type { EndpointDeclaration } from './declaration.js';
import { Endpoint, type EndpointPlan } from './endpoint.js';

/** A route that Nest has made of a declaration. */
export interface BoundRoute {
  /** The template, with every prefix and version. */
  readonly path: string;
  readonly declaration: EndpointDeclaration;
}

/** The endpoints of an app: makes one of each plan when its route is known. */
export class EndpointRegistry {
  /** One for all: they share the event loop. */
  readonly brake = new RefusalBrake();
  readonly #metrics: ServingMetrics;
  readonly #store: GuardedStore;
  readonly #tracing: Tracing | undefined;
  readonly #endpoints = new Map<EndpointPlan, Endpoint>();
  readonly #routes = new Map<string, Endpoint>();

  #plans: readonly EndpointPlan[] = [];
  #cacheOptions!: FilledCacheModuleOptions;

  constructor(metrics: ServingMetrics, store: GuardedStore, tracing: Tracing | undefined) {
    this.#metrics = metrics;
    this.#store = store;
    this.#tracing = tracing;
  }

  get endpoints(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  /** By template. */
  get routes(): ReadonlyMap<string, Endpoint> {
    return this.#routes;
  }

  /** None until Nest is about to make the routes. */
  get plans(): readonly EndpointPlan[] {
    return this.#plans;
  }

  plan(plans: readonly EndpointPlan[], cache: FilledCacheModuleOptions): void {
    this.#plans = plans;
    this.#cacheOptions = cache;
  }

  /** @throws {ConfigurationError} where two endpoints answer one route and no version tells them apart */
  bind(route: BoundRoute, versioning: VersioningOptions | undefined): Endpoint {
    const plan = this.#plans.find(({ declaration }) => declaration === route.declaration)!;
    const endpoint = this.#endpoints.get(plan) ?? this.#create(plan, route.path);
    const first = this.#routes.get(route.path) ?? endpoint;
    this.#routes.set(route.path, first);
    const versioned = versioning !== undefined && versioning.type !== VersioningType.URI;
    if (first !== endpoint && !versioned && sameHosts(first, endpoint)) {
      throw new ConfigurationError(
        `${endpoint.owner}: expected a route of its own, got POST ${route.path}, which ${first.owner} answers already`,
      );
    }
    return endpoint;
  }

  #create(plan: EndpointPlan, route: string): Endpoint {
    const { options, cachePolicy, schema, controller, method, routeVersion } = plan;
    // Two classes of one name may answer a route, each a version of it.
    const versions = [routeVersion ?? ''].flat();
    const version = versions.map(String).join(); // one of them may be the symbol VERSION_NEUTRAL
    const { namespace, clientControl } = this.#cacheOptions;
    const scope = {
      namespace,
      endpoint: `${route} ${controller.name}.${method} ${version}`,
      version: options.version,
      schema: schema?.fingerprint,
    };
    const endpoint = new Endpoint(plan, {
      route,
      metrics: this.#metrics.forEndpoint(route, options.stream),
      brake: this.brake,
      tracing: this.#tracing?.forEndpoint({ route, name: options.name, version: options.version }),
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

function sameHosts(one: Endpoint, other: Endpoint): boolean {
  return String(one.hosts) === String(other.hosts);
}
