import type { IncomingMessage, ServerResponse } from 'node:http';
import { declarationOf } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { BoundRoute } from '../endpoint/endpoint-registry.js';
import type { Intake } from './intake.js';
import { callOfRequest } from './http-call.js';
import { sendFailure, type NestResponse } from './reply.js';

interface FastifyRequest {
  readonly raw: IncomingMessage;
  headers: Record<string, unknown> | undefined;
}
type FastifyReply = NestResponse & { readonly raw: ServerResponse };
type Done = (error: Error | null, body?: unknown) => void;

interface RouteOptions {
  readonly method: string | readonly string[];
  readonly url: string;
  readonly handler: { readonly name: string };
  readonly config?: Readonly<Record<string, unknown>>;
  preParsing?: unknown;
}

/** The part of a Fastify instance the library uses, so that its types need not be installed. */
export interface FastifyApp {
  addHook(name: 'onRoute', hook: (route: RouteOptions) => void): void;
  addContentTypeParser(
    type: string,
    parser: (request: FastifyRequest, payload: IncomingMessage, done: Done) => void,
  ): void;
}

/** The content type that model endpoints' bodies are read under, whatever the client said. */
const MODEL_BODY = { 'content-type': 'application/vnd.nestjs-model-serving' };

/**
 * Reads the bodies of model endpoints in place of Fastify's parsers, and of no other route.
 *
 * Fastify chooses a parser by content type and refuses what it does not know, for all routes alike.
 * So the routes of model endpoints, and only they, show a content type of the library's own while the
 * parser is chosen; the request has its true headers again before any handler sees it.
 */
export function installFastifyIntake(
  app: FastifyApp,
  intake: Intake,
  bind: (route: BoundRoute) => Endpoint,
): void {
  app.addContentTypeParser(MODEL_BODY['content-type'], function takeBody(request, _payload, done) {
    request.headers = undefined;
    done(null, callOfRequest(request.raw)?.input);
  });

  app.addHook('onRoute', function bindModelRoute(route) {
    if (route.method !== 'POST') return;
    const declaration =
      declarationOf(route.handler) ?? declarationOf(route.config?.['modelEndpoint']);
    if (declaration === undefined) return;
    const endpoint = bind({ path: route.url, declaration, handlerName: route.handler.name });
    route.preParsing = function modelServingIntake(
      request: FastifyRequest,
      reply: FastifyReply,
      payload: IncomingMessage,
      done: Done,
    ) {
      intake.receive(endpoint, request.raw, reply, function received(error, call) {
        if (error !== undefined) return sendFailure(reply, call, error);
        request.headers = MODEL_BODY;
        done(null, payload);
      });
    };
  });
}
