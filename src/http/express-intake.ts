import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import {
  BODY_PARSER,
  middlewareFinder,
  type EndpointOf,
  type Layer,
  type PostRoute,
} from './express-routes.js';
import { refuseForeignPage } from './foreign-page.js';
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
  const { stack } = app.router;
  const parser = stack.findIndex(({ name }) => BODY_PARSER.test(name));
  const seat = parser === -1 ? stack.findIndex(({ route }) => route !== undefined) : parser;
  const meetsMiddleware = middlewareFinder(stack.slice(seat));
  for (const route of routes) {
    if (route.endpoint !== undefined) takeLateComers(route, route.endpoint, intake);
  }

  app.use(function modelServingIntake(request, response, next) {
    if (request.method !== 'POST') return next();
    const endpoint = endpointOf(request, request.path);
    if (endpoint === undefined) return next();
    function received(error: unknown, call: Call, body?: object) {
      if (error !== undefined) return sendFailure(response, call, error);
      request.body = body;
      next();
    }
    intake.receive(endpoint, request, response, received, meetsMiddleware(request.path));
  });
  stack.splice(seat, 0, stack.pop()!);
}

/**
 * A middleware behind the intake may change URL, host or version of a request, and so the route: what is
 * not yet a call of the route's endpoint becomes one here, before Nest sees it. It may also be the app's
 * CORS: foreign pages are judged again.
 */
function takeLateComers({ slot, condition }: PostRoute, endpoint: Endpoint, intake: Intake): void {
  const { handle } = slot;
  slot.handle = function modelServingRoute(request: Request, response: ServerResponse, next: Next) {
    const call = callOfRequest(request);
    if (call?.endpoint === endpoint) {
      try {
        refuseForeignPage(request.headers, response);
      } catch (error) {
        return sendFailure(response, call, error);
      }
      return handle(request, response, next);
    }
    if (condition?.(request) === false) return handle(request, response, next);
    intake.redirect(endpoint, request, response, function received(error, call, body) {
      if (error !== undefined) return sendFailure(response, call, error);
      request.body = body;
      handle(request, response, next);
    });
  };
}
