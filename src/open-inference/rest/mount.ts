import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { callHeldBy } from '../../gate/held-call.js';
import { BODY_PARSER, putBeforeControllers, type Layer } from '../../http/express-routes.js';
import type { NestResponse } from '../../http/reply.js';
import { pathOf } from '../../http/request-url.js';
import { boundEarlyAnswers } from '../../http/unread-body.js';
import type { Arrival } from './question.js';
import { routeOf, type Asked } from './route.js';

/** Answers what is asked for. */
export type Serve = (asked: Asked, arrival: Arrival) => void;

type Next = (error?: unknown) => void;

interface ExpressApp {
  use(
    path: string,
    middleware: (request: IncomingMessage, response: ServerResponse, next: Next) => void,
  ): void;
  readonly router: { readonly stack: Layer[] };
}

interface FastifyRequest {
  readonly raw: IncomingMessage;
}
type FastifyReply = NestResponse & { callNotFound(): void };

interface FastifyApp {
  route(options: {
    method: string[];
    url: string;
    preParsing(request: FastifyRequest, reply: FastifyReply): void;
    handler(): void;
  }): void;
}

/**
 * The routes under a prefix, straight on the adapter: outside the app's own prefix and versions, behind what
 * the app puts before all routes, be it bound by the app or by a module, and with bodies that nobody has
 * parsed. Called when Nest has made the routes.
 */
export function mount(adapter: AbstractHttpAdapter, prefix: string, serve: Serve): void {
  const instance: unknown = adapter.getInstance();
  if (adapter.getType() === 'express') mountOnExpress(instance as ExpressApp, prefix, serve);
  else mountOnFastify(instance as FastifyApp, prefix, serve);
  boundEarlyAnswers(adapter.getHttpServer(), (request) => {
    const path = pathOf(request);
    return path.startsWith(prefix) && routeOf(path.slice(prefix.length)) !== undefined;
  });
}

function mountOnExpress(app: ExpressApp, prefix: string, serve: Serve): void {
  app.use(prefix, function openInference(request, response, next) {
    // Express has cut the prefix off.
    const asked = routeOf(pathOf({ url: request.url! }));
    // An endpoint may have a path of the protocol's for its own, and then has read the body.
    if (asked === undefined || callHeldBy(request) !== undefined) return next();
    serve(asked, { request, response, args: [request, response, next], mountedAt: prefix });
  });
  const { stack } = app.router;
  const own = stack.at(-1)!;
  putBeforeControllers(stack, stack.length - 1);
  for (const layer of stack.filter(({ name }) => BODY_PARSER.test(name))) {
    const { match } = layer;
    layer.match = function unlessOpenInference(path) {
      const isOwn = own.match(path) && routeOf(path.slice(prefix.length)) !== undefined;
      return !isOwn && match.call(layer, path);
    };
  }
}

/** What stands there of the protocol, so that the app may have other routes under the prefix. */
const PATHS = ['', '/', '/health/*', '/models', '/models/*', '/repository/*'];
/** Those that are not the protocol's are told which one is. */
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

function mountOnFastify(app: FastifyApp, prefix: string, serve: Serve): void {
  for (const path of PATHS) {
    const url = prefix + path;
    app.route({
      method: METHODS,
      url,
      // It is answered here, where no parser has been chosen yet; what is not goes no further either.
      preParsing(request, reply) {
        const { raw } = request;
        const asked = routeOf(pathOf(raw).slice(prefix.length));
        if (asked === undefined) return reply.callNotFound();
        serve(asked, { request: raw, response: reply, args: [request, reply], mountedAt: url });
      },
      handler() {},
    });
  }
}
