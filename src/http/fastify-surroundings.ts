import type { AbstractHttpAdapter } from '@nestjs/core';
import { pathToRegexp } from 'path-to-regexp';
import { declarationOf } from '../endpoint/declaration.js';
import { AdapterHooks } from './adapter-hooks.js';
import type { FastifyApp, RouteOptions } from './fastify-intake.js';
import type { LaneRoute, Surroundings } from './lane-routes.js';

/** What Fastify runs hooks at between a request's arrival and the end of its answer. */
const LIFECYCLE = [
  'onRequest',
  'preParsing',
  'preValidation',
  'preHandler',
  'preSerialization',
  'onSend',
  'onResponse',
  'onError',
  'onTimeout',
  'onRequestAbort',
] as const;

/** What Fastify may be told without a difference to a request that an endpoint's literal path gets. */
const HARMLESS_OPTIONS = [
  'ajv',
  'allowErrorHandlerOverride',
  'allowUnsafeRegex',
  'bodyLimit',
  'caseSensitive',
  'clientErrorHandler',
  'connectionTimeout',
  'disableRequestLogging',
  'exposeHeadRoutes',
  'forceCloseConnections',
  'frameworkErrors',
  'http',
  'http2',
  'http2SessionTimeout',
  'https',
  'ignoreDuplicateSlashes',
  'ignoreTrailingSlash',
  'keepAliveTimeout',
  'logger',
  'maxParamLength',
  'maxRequestsPerSocket',
  'multipart',
  'onConstructorPoisoning',
  'onProtoPoisoning',
  'pluginTimeout',
  'querystringParser',
  'requestTimeout',
  'return503OnClosing',
  'routerOptions',
  'schemaErrorFormatter',
  'skipMiddie',
  'trustProxy',
  'useSemicolonDelimiter',
];

/** As @fastify/middie writes the hook that runs the middleware it has been given. */
const MIDDIE =
  /^function runMiddie ?\(req, reply, next\) ?\{\s*if \(this\[kMiddieHasMiddlewares\]\)/;

/** A route of an endpoint, and the intake it was given: other `onRoute` hooks may have had their say since. */
export interface EndpointRoute {
  readonly options: RouteOptions;
  readonly intake: unknown;
}

/** A middleware of middie's, and where it is; a middleware for every path has its place alone. */
type Mounted = readonly [path: unknown, middleware?: unknown];

interface Inside {
  readonly options: Readonly<Record<string, unknown>>;
  readonly hooks: Readonly<Record<string, readonly unknown[]>>;
  readonly replySerializer: unknown;
  readonly middleware: readonly Mounted[];
}

/**
 * What Fastify, as the app has set it up, does before the routes of endpoints.
 *
 * @param routes those of the endpoints
 */
export function fastifySurroundings(
  adapter: AbstractHttpAdapter,
  app: FastifyApp,
  routes: readonly EndpointRoute[],
): Surroundings {
  const hooks = new AdapterHooks(adapter);
  const inside = insideOf(app);
  const obstacle = hooks.isAlien
    ? 'its adapter is not as it comes'
    : obstacleIn(app, hooks, inside);
  const { length } = inside.middleware;

  return {
    obstacleAt({ path }: LaneRoute) {
      const route = routes.find(({ options }) => options.url === path)!;
      return obstacle ?? obstacleOf(route) ?? middlewareAt(path, inside.middleware);
    },
    isUnchanged: () => inside.middleware.length === length && hooks.areIdle,
  };
}

/** What holds for every route. */
function obstacleIn(app: FastifyApp, hooks: AdapterHooks, inside: Inside): string | undefined {
  if (!hooks.areIdle) return 'the adapter has a hook of the app';
  for (const name of LIFECYCLE) {
    const alien = inside.hooks[name]?.find(
      (hook) => !hooks.include(hook) && !MIDDIE.test(`${hook}`),
    );
    if (alien !== undefined) return `a hook ${name} of Fastify`;
  }
  for (const [name, value] of Object.entries(inside.options)) {
    const isSet = value !== undefined && value !== false;
    if (isSet && !HARMLESS_OPTIONS.includes(name)) return `Fastify's option ${name}`;
  }
  const { log, genReqId, childLoggerFactory } = app;
  // The log that says nothing has one function for all levels.
  if (log['info'] !== log['error'] || childLoggerFactory.name !== 'defaultChildLoggerFactory') {
    return "Fastify's own log";
  }
  if (genReqId.name !== 'defaultGenReqId') return 'the ids that Fastify gives its requests';
  if (inside.replySerializer !== null) return 'a serializer of answers';
  return constrains(app) ? 'a route with constraints' : undefined;
}

/** Whether a route, of the app's own perhaps, is chosen by more than its path; Fastify shows them as JSON. */
function constrains(app: FastifyApp): boolean {
  try {
    return /\) \{"/.test(app.printRoutes({ commonPrefix: false }));
  } catch {
    return true; // it cannot show the versions of Nest's routes
  }
}

/** What belongs to one route. */
function obstacleOf({ options, intake }: EndpointRoute): string | undefined {
  for (const name of LIFECYCLE) {
    const hook: unknown = Reflect.get(options, name);
    if (hook !== undefined && hook !== intake) {
      return `a hook ${name} of its route`;
    }
  }
  if (declarationOf(options.handler) === undefined) return 'a wrapper around its route';
  if (options.schema !== undefined) return 'a schema of its route';
  if (options.handlerTimeout !== undefined) return 'a timeout of its route';
  return Object.keys(options.constraints ?? {}).length > 0
    ? 'a constraint of its route'
    : undefined;
}

function middlewareAt(path: string, mounted: readonly Mounted[]): string | undefined {
  return mounted.some(([place]) => takes(place, path)) ? 'a middleware' : undefined;
}

function takes(place: unknown, path: string): boolean {
  if (typeof place !== 'string' || place === '') return true;
  return pathToRegexp(place, { end: false }).regexp.test(path);
}

/** What Fastify and middie keep of themselves behind symbols. */
function insideOf(app: FastifyApp): Inside {
  const symbols = Object.getOwnPropertySymbols(app);
  function behind(description: string): any {
    const key = symbols.find((symbol) => symbol.description === description);
    return key && (app as unknown as Record<symbol, unknown>)[key];
  }
  const options = behind('fastify.options');
  const hooks = behind('fastify.hooks');
  return {
    options: options ?? { unknown: true },
    hooks: hooks ?? { onRequest: [undefined] },
    replySerializer: behind('fastify.replySerializerDefault'),
    middleware: behind('fastify-middie-middlewares') ?? [],
  };
}
