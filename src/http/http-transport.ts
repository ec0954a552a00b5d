import type { VersioningOptions } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { ConfigurationError } from '../errors/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { findExpressRoutes, installExpressIntake, type ExpressApp } from './express-intake.js';
import { installFastifyIntake, type FastifyApp } from './fastify-intake.js';
import { Intake } from './intake.js';
import { prepareServer } from './server.js';
import { UploadBudget } from './upload-budget.js';

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
  maxUploadBytes: number,
): HttpTransport {
  const intake = new Intake(readiness, new UploadBudget(maxUploadBytes));
  const instance: unknown = adapter.getInstance();
  switch (adapter.getType()) {
    case 'express':
      return {
        prepare() {},
        connect() {
          const app = instance as ExpressApp;
          for (const route of findExpressRoutes(app)) registry.bind(route, versioning);
          installExpressIntake(app, intake, registry.routes);
          prepareServer(adapter, registry);
        },
      };
    case 'fastify':
      return {
        prepare: () =>
          installFastifyIntake(instance as FastifyApp, intake, (route) =>
            registry.bind(route, versioning),
          ),
        connect: () => prepareServer(adapter, registry),
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
