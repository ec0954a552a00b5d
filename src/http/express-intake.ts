import type { IncomingMessage, ServerResponse } from 'node:http';
import { match, type Path } from 'path-to-regexp';
import { declarationOf } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { BoundRoute } from '../endpoint/endpoint-registry.js';
import type { Intake } from './intake.js';
import { sendFailure } from './reply.js';

/** `path` is Express's own reading of the URL, which may also come in absolute form (RFC 9112, 3.2.2). */
type Request = IncomingMessage & { readonly path: string; body?: unknown };
type Middleware = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/** The part of an Express app the library reads, so that its types need not be installed. */
export interface ExpressApp {
  use(middleware: Middleware): void;
  enabled(setting: string): boolean;
  readonly router: { readonly stack: Layer[] };
}

interface Layer {
  readonly name: string;
  readonly route?: {
    readonly path: unknown;
    readonly methods: Readonly<Record<string, boolean>>;
    readonly stack: readonly { readonly handle: unknown }[];
  };
}

/** The routes Nest has made of model endpoints: it copies a method's metadata to the route's handler. */
export function findExpressRoutes(app: ExpressApp): BoundRoute[] {
  return app.router.stack.flatMap(({ route }) =>
    route?.methods.post && typeof route.path === 'string'
      ? route.stack.flatMap(({ handle }) => {
          const declaration = declarationOf(handle);
          if (declaration === undefined) return [];
          return [
            { path: route.path as string, declaration, handlerName: (handle as Middleware).name },
          ];
        })
      : [],
  );
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
  endpoints: ReadonlyMap<string, Endpoint>,
): void {
  const routes = postRoutes(app, endpoints);

  function findEndpoint(path: string): Endpoint | undefined {
    return routes.find(({ matches }) => matches(path))?.endpoint;
  }

  // Most templates have no parameters: what is found for them is found once.
  const literal = new Map<string, Endpoint>();
  for (const path of endpoints.keys()) {
    const endpoint = findEndpoint(path);
    if (endpoint !== undefined) literal.set(path, endpoint);
  }

  app.use(function modelServingIntake(request, response, next) {
    if (request.method !== 'POST') return next();
    const endpoint = literal.get(request.path) ?? findEndpoint(request.path);
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

interface PostRoute {
  matches(path: string): unknown;
  /** None where the route is the host's: it comes first, and its requests are its own. */
  readonly endpoint: Endpoint | undefined;
}

/** The routes that answer POST in the order in which Express tries them. */
function postRoutes(app: ExpressApp, endpoints: ReadonlyMap<string, Endpoint>): PostRoute[] {
  const options = {
    sensitive: app.enabled('case sensitive routing'),
    trailing: !app.enabled('strict routing'),
    decode: false,
  } as const;
  return app.router.stack.flatMap(({ route }) => {
    if (route === undefined || !(route.methods.post || route.methods['_all'])) return [];
    const { path } = route;
    const matches = path instanceof RegExp ? path.test.bind(path) : match(path as Path, options);
    return [{ matches, endpoint: endpoints.get(path as string) }];
  });
}
