import type { Type, VersioningOptions } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { BoundRoute, EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { ConfigurationError } from '../errors/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { Intake } from '../gate/intake.js';
import { installExpressIntake, type ExpressApp } from '../http/express-intake.js';
import { endpointFinder, postRoutes } from '../http/express-routes.js';
import { installFastifyIntake, type FastifyApp } from '../http/fastify-intake.js';
import { HttpDoor } from '../http/http-door.js';
import type { EndpointPath } from '../http/endpoint-path.js';
import { answerOtherMethods, fastifyMatcher } from '../http/other-methods.js';
import { pathOf } from '../http/request-url.js';
import { prepareServer } from '../http/server.js';
import { boundEarlyAnswers } from '../http/unread-body.js';
import { UploadBudget } from '../http/upload-budget.js';
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
  controllers: readonly Type[],
  readiness: Readiness,
  versioning: VersioningOptions | undefined,
  maxUploadBytes: number,
): HttpTransport {
  const door = new HttpDoor(new UploadBudget(maxUploadBytes), () => undefined);
  const intake = new Intake(door, readiness);
  const instance: unknown = adapter.getInstance();
  const paths: EndpointPath[] = [];

  function bind(route: BoundRoute, matches: EndpointPath['matches']): Endpoint {
    const endpoint = registry.bind(route, versioning);
    paths.push({ endpoint, matches, isItsHost: hostCondition(endpoint.controller, adapter) });
    return endpoint;
  }

  switch (adapter.getType()) {
    case 'express':
      return {
        prepare: () => answerOtherMethods(adapter, paths),
        connect() {
          const app = instance as ExpressApp;
          const routes = postRoutes(app.router.stack, bind, controllers, (controller, method) =>
            conditionOf(controller, method, adapter, versioning),
          );
          const endpointOf = endpointFinder(routes);
          installExpressIntake(app, door, intake, routes, endpointOf);
          prepareServer(adapter, registry);
          boundEarlyAnswers(
            adapter.getHttpServer(),
            (request) => endpointOf(request, pathOf(request)) !== undefined,
          );
        },
      };
    case 'fastify': {
      const hostPaths: EndpointPath['matches'][] = [];
      return {
        prepare() {
          const app = instance as FastifyApp;
          const bindRoute = (route: BoundRoute) => bind(route, fastifyMatcher(app, route.path));
          const hostOf = (controller: Type) => hostCondition(controller, adapter);
          installFastifyIntake(app, door, intake, bindRoute, hostOf, ({ url }) =>
            hostPaths.push(fastifyMatcher(app, url)),
          );
          answerOtherMethods(adapter, paths);
        },
        connect() {
          prepareServer(adapter, registry);
          boundEarlyAnswers(adapter.getHttpServer(), function isForEndpoint(request) {
            const path = pathOf(request);
            const isAt = (matches: EndpointPath['matches']) => matches(path);
            return paths.some(({ matches }) => isAt(matches)) && !hostPaths.some(isAt);
          });
        },
      };
    }
    default:
      throw ConfigurationError.expected(
        'ModelServingModule',
        'the HTTP adapter',
        'that of @nestjs/platform-express or @nestjs/platform-fastify',
        adapter.getType(),
      );
  }
}
