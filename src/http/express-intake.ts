import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { EndpointOf, Layer, PostRoute } from './express-routes.js';
import { callOfRequest } from './http-call.js';
import type { Intake } from './intake.js';
import { sendFailure } from './reply.js';

/** `path` is Express's own reading of the URL, which may also come in absolute form (RFC 9112, 3.2.2). */
type Request = IncomingMessage & { readonly path: string; body?: unknown };
type Next = (error?: unknown) => void;
type Middleware = (request: Request, response: ServerResponse, next: Next) => void;

/** The part of an Express app the library reads, so that its types need not be installed. */
export interface ExpressApp {
  use(middleware: Middleware): void;
  readonly router: { readonly stack: Layer[] };
}

/** The name Express's body parsers give to their layers. */
const BODY_PARSER = /^(json|urlencoded|text|raw)Parser$/;

/**
 * Reads the bodies of model endpoints in place of Nest's parser, and of no other route: the
 * middleware takes its seat just before the first body parser, after whatever the app put before it.
 */
export function installExpressIntake(
  app: ExpressApp,
  intake: Intake,
  routes: readonly PostRoute[],
  endpointOf: EndpointOf,
): void {
  for (const route of routes) {
    if (route.endpoint !== undefined) takeLateComers(route, route.endpoint, intake);
  }

  app.use(function modelServingIntake(request, response, next) {
    if (request.method !== 'POST') return next();
    const endpoint = endpointOf(request, request.path);
    if (endpoint === undefined) return next();
    intake.receive(endpoint, request, response, function received(error, call, body) {
      if (error !== undefined) return sendFailure(response, call, error);
      request.body = body;
      next();
    });
  });
  const { stack } = app.router;
  const seat = stack.findIndex(({ name }) => BODY_PARSER.test(name));
  const firstRoute = stack.findIndex(({ route }) => route !== undefined);
  stack.splice(seat === -1 ? firstRoute : seat, 0, stack.pop()!);
}

/**
 * A middleware behind the intake may change URL, host or version of a request, and so the route: what is
 * not yet a call of the route's endpoint becomes one here, before Nest sees it.
 */
function takeLateComers({ slot, condition }: PostRoute, endpoint: Endpoint, intake: Intake): void {
  const { handle } = slot;
  slot.handle = function modelServingRoute(request: Request, response: ServerResponse, next: Next) {
    const isOurs = callOfRequest(request)?.endpoint === endpoint;
    if (isOurs || condition?.(request) === false) return handle(request, response, next);
    intake.redirect(endpoint, request, response, function received(error, call, body) {
      if (error !== undefined) return sendFailure(response, call, error);
      request.body = body;
      handle(request, response, next);
    });
  };
}
