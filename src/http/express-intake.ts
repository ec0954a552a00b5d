import type { IncomingMessage, ServerResponse } from 'node:http';
import { match, type MatchFunction } from 'path-to-regexp';
import { declarationOf } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { BoundRoute } from '../endpoint/endpoint-registry.js';
import type { Intake } from './intake.js';
import { sendFailure } from './reply.js';

type Request = IncomingMessage & { url: string; body?: unknown };
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
  const sensitive = app.enabled('case sensitive routing');
  const trailing = !app.enabled('strict routing');
  const patterns: { matches: MatchFunction<object>; endpoint: Endpoint }[] = [];
  for (const [path, endpoint] of endpoints) {
    patterns.push({ matches: match(path, { sensitive, trailing, decode: false }), endpoint });
  }

  function endpointAt(path: string): Endpoint | undefined {
    return endpoints.get(path) ?? patterns.find(({ matches }) => matches(path))?.endpoint;
  }

  app.use(function modelServingIntake(request, response, next) {
    if (request.method !== 'POST') return next();
    const endpoint = endpointAt(pathOf(request.url));
    if (endpoint === undefined) return next();
    intake.receive(endpoint, request, response, response, function received(error, call, body) {
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

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
