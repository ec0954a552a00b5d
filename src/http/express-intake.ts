import type { IncomingMessage, ServerResponse } from 'node:http';
import { copyMetadata } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import {
  BODY_PARSER,
  middlewareFinder,
  type PlaceOf,
  type Layer,
  type PostRoute,
} from './express-routes.js';
import { refuseForeignPage } from './foreign-page.js';
import { callHeldBy } from '../gate/held-call.js';
import type { Intake } from '../gate/intake.js';
import type { HttpCall } from './http-call.js';
import type { Exchange, HttpDoor } from './http-door.js';
import { LateComers } from './late-comers.js';
import { setHeader } from './reply.js';

/** `path` is Express's own reading of the URL, which may also come in absolute form (RFC 9112, 3.2.2). */
type Request = IncomingMessage & { readonly path: string; body?: unknown };
type Next = (error?: unknown) => void;
type Middleware = (request: Request, response: ServerResponse, next: Next) => void;

/** The part of an Express app the library reads, so that its types need not be installed. */
export interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): void;
  use(middleware: Middleware): void;
  readonly handle: unknown;
  readonly router: { readonly stack: Layer[] };
}

/**
 * Reads the bodies of model endpoints in place of Nest's parser, and of no other route: the
 * middleware takes its seat just before the first body parser, after whatever the app put before it.
 *
 * @returns the middleware
 */
export function installExpressIntake(
  app: ExpressApp,
  door: HttpDoor,
  intake: Intake<Exchange>,
  routes: readonly PostRoute[],
  placeOf: PlaceOf,
): Middleware {
  const { stack } = app.router;
  const parser = stack.findIndex(({ name }) => BODY_PARSER.test(name));
  const seat = parser === -1 ? stack.findIndex(({ route }) => route !== undefined) : parser;
  const meetsMiddleware = middlewareFinder(stack.slice(seat));
  const lateComers = new LateComers(intake);
  for (const route of routes) {
    if (route.endpoint !== undefined) {
      takeLateComers(route, route.endpoint, door, lateComers);
    }
  }

  const middleware: Middleware = function modelServingIntake(request, response, next) {
    if (request.method !== 'POST') return next();
    const place = placeOf(request, request.path);
    if (place === undefined) return next();
    const { endpoint, path: route } = place;
    const exchange = { request, response, route, corsIsToCome: meetsMiddleware(request.path) };
    intake.receive(endpoint, exchange, function received(error, call) {
      if (error !== undefined) return door.fail(call, error, exchange);
      setHeader(response, 'x-request-id', call.requestId);
      request.body = call.input;
      next();
    });
  };
  app.use(middleware);
  stack.splice(seat, 0, stack.pop()!);
  return middleware;
}

/**
 * A middleware behind the intake may change URL, host or version of a request, and so the route: what is
 * not yet a call of the route's endpoint becomes one here, before Nest sees it. It may also be the app's
 * CORS: foreign pages are judged again.
 */
function takeLateComers(
  { path, slot, condition }: PostRoute,
  endpoint: Endpoint,
  door: HttpDoor,
  lateComers: LateComers,
): void {
  const { handle } = slot;
  function modelServingRoute(request: Request, response: ServerResponse, next: Next) {
    const call = callHeldBy(request) as HttpCall | undefined;
    const exchange = { request, response, route: path };
    if (call?.endpoint === endpoint) {
      call.nameRoute(path);
      try {
        refuseForeignPage(request.headers, response);
      } catch (error) {
        return door.fail(call, error, exchange);
      }
      return handle(request, response, next);
    }
    if (condition?.(request) === false) return handle(request, response, next);
    lateComers.receive(endpoint, exchange, function received(error, call) {
      if (error !== undefined) return door.fail(call, error, exchange);
      setHeader(response, 'x-request-id', call.requestId);
      request.body = call.input;
      handle(request, response, next);
    });
  }
  copyMetadata(handle, modelServingRoute);
  slot.handle = modelServingRoute;
}
