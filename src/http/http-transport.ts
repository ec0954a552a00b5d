import type { VersioningOptions } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { BoundRoute, EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { ConfigurationError } from '../errors/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { installExpressIntake, type ExpressApp } from './express-intake.js';
import { postRoutes } from './express-routes.js';
import { installFastifyIntake, type FastifyApp } from './fastify-intake.js';
import { Intake } from './intake.js';
import { conditionOf, hostCondition } from './route-condition.js';

/** Brings the requests of one HTTP adapter to the endpoints. */
export interface HttpTransport {
  /** Called before Nest makes the routes. */
  prepare(): void;
  /** Called when all routes are made. */
  connect(): void;
}

export function createHttpTransport(
  adapter: AbstractHttpAdapter,
  registry: EndpointRegistry,
  readiness: Readiness,
  versioning: VersioningOptions | undefined,
): HttpTransport {
  const intake = new Intake(readiness);
  const bind = (route: BoundRoute) => registry.bind(route, versioning);
  const instance: unknown = adapter.getInstance();
  switch (adapter.getType()) {
    case 'express':
      return {
        prepare() {},
        connect() {
          const app = instance as ExpressApp;
          const routes = postRoutes(
            app.router.stack,
            bind,
            registry.controllers,
            (controller, method) => conditionOf(controller, method, adapter, versioning),
          );
          installExpressIntake(app, intake, routes);
        },
      };
    case 'fastify':
      return {
        prepare: () =>
          installFastifyIntake(instance as FastifyApp, intake, bind, (controller) =>
            hostCondition(controller, adapter),
          ),
        connect() {},
      };
    default:
      throw ConfigurationError.expected(
        'ModelServingModule',
        'the HTTP adapter',
        'that of @nestjs/platform-express or @nestjs/platform-fastify',
        adapter.getType(),
      );
  }
}
