import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { BODY_PARSER, type Layer } from '../../http/express-routes.js';
import type { NestResponse } from '../../http/reply.js';
import { pathOf } from '../../http/request-url.js';
import type { Arrival } from './question.js';

/** Answers a request by its path behind the prefix; `false` for what is nobody's here. */
export type Serve = (path: string, arrival: Arrival) => boolean;

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
 * The routes under a prefix, straight on the adapter, as the probes are: outside the app's own prefix and
 * versions, behind what the app puts before all requests, and before bodies are parsed.
 */
export function mount(adapter: AbstractHttpAdapter, prefix: string, serve: Serve): void {
  const instance: unknown = adapter.getInstance();
  if (adapter.getType() === 'express') mountOnExpress(instance as ExpressApp, prefix, serve);
  else mountOnFastify(instance as FastifyApp, prefix, serve);
}

function behind(prefix: string, request: IncomingMessage): string {
  return pathOf(request).slice(prefix.length);
}

function mountOnExpress(app: ExpressApp, prefix: string, serve: Serve): void {
  app.use(prefix, function openInference(request, response, next) {
    const arrival = { request, response, args: [request, response, next] };
    if (!serve(behind(prefix, request), arrival)) next();
  });
  const { stack } = app.router;
  const parser = stack.findIndex(({ name }) => BODY_PARSER.test(name));
  if (parser >= 0) stack.splice(parser, 0, stack.pop()!);
}

/** What stands there of the protocol, so that the app may have other routes under the prefix. */
const PATHS = ['', '/', '/health/live', '/health/ready', '/models', '/models/*', '/repository/*'];

function mountOnFastify(app: FastifyApp, prefix: string, serve: Serve): void {
  for (const path of PATHS) {
    app.route({
      method: ['GET', 'POST'],
      url: prefix + path,
      // It is answered here, where no parser has been chosen yet; what is not goes no further either.
      preParsing(request, reply) {
        const { raw } = request;
        const arrival = { request: raw, response: reply, args: [request, reply] };
        if (!serve(behind(prefix, raw), arrival)) reply.callNotFound();
      },
      handler() {},
    });
  }
}
