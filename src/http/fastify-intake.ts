import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Type } from '@nestjs/common';
import { declarationOf } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { BoundRoute } from '../endpoint/endpoint-registry.js';
import type { Intake } from '../gate/intake.js';
import type { Exchange, HttpDoor } from './http-door.js';
import type { RouteCondition } from './endpoint-path.js';
import { setHeader, type NestResponse } from './reply.js';

/** The part of Fastify's request that is read, or written, before its parsers would. */
interface FastifyRequest {
  readonly raw: IncomingMessage;
  readonly params: Readonly<Record<string, string>>;
  headers: object | undefined;
  body: unknown;
}
type FastifyReply = NestResponse & { readonly raw: ServerResponse };
type Done = (error: null, payload: IncomingMessage) => void;

/** A route of Fastify's, as its `onRoute` hooks see it, and may change it. */
export interface RouteOptions {
  readonly method: string | readonly string[];
  readonly url: string;
  handler: (this: unknown, request: FastifyRequest, reply: FastifyReply) => unknown;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly constraints?: object;
  readonly schema?: unknown;
  readonly handlerTimeout?: number;
  preParsing?: unknown;
}

/** The part of a Fastify instance the library uses, so that its types need not be installed. */
export interface FastifyApp {
  readonly routing: RequestListener;
  readonly log: Readonly<Record<string, unknown>>;
  readonly genReqId: { readonly name: string };
  readonly childLoggerFactory: { readonly name: string };
  printRoutes(options: { commonPrefix: boolean }): string;
  readonly initialConfig: {
    readonly routerOptions?: {
      readonly caseSensitive?: boolean;
      readonly ignoreTrailingSlash?: boolean;
    };
  };
  addHook(name: 'onRoute', hook: (route: RouteOptions) => void): void;
}

/**
 * Reads the bodies of model endpoints in place of Fastify's parsers, and of no other route.
 *
 * Fastify chooses a parser by content type and refuses what it does not know, for all routes alike, and
 * takes a request without content type and length to have no body. So a request to a model endpoint,
 * whose body has been read, shows headers without them for the one look that Fastify takes.
 *
 * @param hostConditionOf Nest asks for a route's host after Fastify has chosen it.
 * @param onOwnRoute told of every route of an endpoint, with its intake as `preParsing`
 * @param onHostRoute told of every other route that answers POST
 */
export function installFastifyIntake(
  app: FastifyApp,
  door: HttpDoor,
  intake: Intake<Exchange>,
  bind: (route: BoundRoute) => Endpoint,
  hostConditionOf: (controller: Type) => RouteCondition | undefined,
  onOwnRoute: (route: RouteOptions) => void,
  onHostRoute: (route: RouteOptions) => void,
): void {
  app.addHook('onRoute', function bindModelRoute(route) {
    if (![route.method].flat().includes('POST')) return;
    const declaration =
      declarationOf(route.handler) ?? declarationOf(route.config?.['modelEndpoint']);
    if (declaration === undefined) return onHostRoute(route);
    const endpoint = bind({ path: route.url, declaration });
    const isItsHost = hostConditionOf(endpoint.controller);
    route.preParsing = function modelServingIntake(
      request: FastifyRequest,
      reply: FastifyReply,
      payload: IncomingMessage,
      done: Done,
    ) {
      if (isItsHost?.(request) === false || lacksParameter(request)) {
        // The route will say that it is not there.
        request.raw.resume();
        request.headers = new NoBody(request);
        return done(null, payload);
      }
      const exchange = { request: request.raw, response: reply, route: route.url };
      intake.receive(endpoint, exchange, function received(error, call) {
        if (error !== undefined) return door.fail(call, error, exchange);
        setHeader(reply, 'x-request-id', call.requestId);
        request.body = call.input;
        request.headers = new NoBody(request);
        done(null, payload);
      });
    };
    onOwnRoute(route);
  });
}

/** Fastify matches an empty part of a path with a parameter; the adapter then says 404. */
function lacksParameter({ params }: FastifyRequest): boolean {
  return Object.entries(params).some(([name, value]) => value === '' && name !== '*');
}

/**
 * Headers of a request without a body, shown once, to who looks next: Fastify lays what is assigned to
 * `headers` over the true ones each time it is asked for them.
 */
class NoBody {
  readonly 'content-type' = undefined;
  readonly 'content-length' = undefined;
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest) {
    this.#request = request;
    // One getter for all: a getter of its own would cost each request a hidden class of its own.
    Object.defineProperty(this, 'transfer-encoding', NoBody.#shownOnce);
  }

  static readonly #shownOnce: PropertyDescriptor & ThisType<NoBody> = {
    enumerable: true,
    get() {
      this.#request.headers = undefined;
      return undefined;
    },
  };
}
