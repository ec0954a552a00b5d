import type { RequestListener, Server } from 'node:http';
import type { Type, VersioningOptions } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Call } from '../endpoint/call.js';
import type { Deferral } from '../endpoint/deferral.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { BoundRoute, EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { ConfigurationError } from '../errors/index.js';
import type { Readiness } from '../lifecycle/readiness.js';
import { passFreely, type Gate, type Passed } from '../gate/gate.js';
import { Entrance } from '../gate/entrance.js';
import { Intake } from '../gate/intake.js';
import type { UploadBudget } from '../gate/upload-budget.js';
import { installExpressIntake, type ExpressApp } from '../http/express-intake.js';
import { placeFinder, postRoutes } from '../http/express-routes.js';
import { openDirectLane } from '../http/direct-lane.js';
import { expressSurroundings } from '../http/express-surroundings.js';
import { installFastifyIntake, type FastifyApp } from '../http/fastify-intake.js';
import { fastifySurroundings, type EndpointRoute } from '../http/fastify-surroundings.js';
import { LaneRoutes, UNKNOWN, type Surroundings } from '../http/lane-routes.js';
import { HttpDoor, type Exchange } from '../http/http-door.js';
import type { EndpointPath } from '../http/endpoint-path.js';
import { answerOtherMethods, fastifyMatcher } from '../http/other-methods.js';
import { pathOf } from '../http/request-url.js';
import { prepareServer } from '../http/server.js';
import { boundEarlyAnswers } from '../http/unread-body.js';
import { DoorRoutes } from '../http/door-route.js';
import { nestObstacle } from './nest-obstacle.js';
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
  uploads: UploadBudget,
  gate: Gate,
): HttpTransport {
  const instance: unknown = adapter.getInstance();
  const paths: EndpointPath[] = [];
  const lane = new LaneRoutes(({ endpoint }) => nestObstacle(endpoint, versioning));
  const door = new HttpDoor(uploads, (exchange) => lane.find(exchange));
  const intake = new Intake(door, readiness);
  const doorRoutes = new DoorRoutes(gate, door);
  const entrance = new Entrance(door, intake, passOrDefer);

  function bind(route: BoundRoute, matches: EndpointPath['matches']): Endpoint {
    const endpoint = registry.bind(route, versioning);
    paths.push({ endpoint, matches, isItsHost: hostCondition(endpoint.controller, adapter) });
    lane.add({ path: route.path, endpoint });
    return endpoint;
  }

  function openLane(framework: RequestListener, lookAround: () => Surroundings): void {
    const server: Server = adapter.getHttpServer();
    const isOpen = openDirectLane(server, framework, entrance);
    // By then everything is in its place: middleware that comes after it is known to come late.
    server.once('listening', () => lane.decide(isOpen ? lookAround : () => UNKNOWN));
  }

  switch (adapter.getType()) {
    case 'express':
      return {
        prepare() {
          answerOtherMethods(adapter, paths);
          doorRoutes.standBeforeNest(adapter);
        },
        connect() {
          const app = instance as ExpressApp;
          const routes = postRoutes(app.router.stack, bind, controllers, (controller, method) =>
            conditionOf(controller, method, adapter, versioning),
          );
          const placeOf = placeFinder(routes);
          const middleware = installExpressIntake(app, door, intake, routes, placeOf);
          openLane(app, () => expressSurroundings(adapter, app, middleware, routes));
          prepareServer(adapter, registry);
          boundEarlyAnswers(
            adapter.getHttpServer(),
            (request) => placeOf(request, pathOf(request)) !== undefined,
          );
        },
      };
    case 'fastify': {
      const app = instance as FastifyApp;
      const hostPaths: EndpointPath['matches'][] = [];
      const routes: EndpointRoute[] = [];
      return {
        prepare() {
          const bindRoute = (route: BoundRoute) => bind(route, fastifyMatcher(app, route.path));
          const hostOf = (controller: Type) => hostCondition(controller, adapter);
          installFastifyIntake(
            app,
            door,
            intake,
            bindRoute,
            hostOf,
            (options) => routes.push({ options, intake: options.preParsing }),
            ({ url }) => hostPaths.push(fastifyMatcher(app, url)),
          );
          answerOtherMethods(adapter, paths);
          doorRoutes.standBeforeNest(adapter);
        },
        connect() {
          openLane(app.routing, () => fastifySurroundings(adapter, app, routes));
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

/** The way of a call on the direct lane, where nothing of the app's stands before the handler. */
function passOrDefer(call: Call, { request, response }: Exchange): Passed | Promise<Passed> {
  const { endpoint } = call;
  return endpoint.defers(call)
    ? defer(call, endpoint.deferral!, [request, response])
    : passFreely(call);
}

async function defer(call: Call, deferral: Deferral, args: readonly unknown[]): Promise<Passed> {
  return (await deferral.take(call, args)) ? undefined : passFreely(call);
}
