import type { IncomingMessage } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { match } from 'path-to-regexp';
import type { Endpoint } from '../endpoint/endpoint.js';
import { FAILURES, ServingError } from '../errors/index.js';
import { noteFailure } from '../gate/conclusion.js';
import { isWorkerProcess } from '../lifecycle/role.js';
import { standBefore } from './adapter-hooks.js';
import type { EndpointPath } from './endpoint-path.js';
import type { FastifyApp } from './fastify-intake.js';
import { requestIdOf } from '../gate/request-id.js';
import { rawResponse, sendFailure, setHeader, type NestResponse } from './reply.js';
import { pathOf } from './request-url.js';
import { boundUnreadBody } from './unread-body.js';

type NestRequest = IncomingMessage & { readonly raw?: IncomingMessage };
type Handler = (request: NestRequest, response: NestResponse, next?: unknown) => unknown;

/**
 * Tells a request to an endpoint's path by another method how to call it. It does so where Nest would
 * answer 404, and makes no route for it: routes and wildcards of the host's own come first, and so does
 * whatever answers an OPTIONS. It is no call of the endpoint and not counted as one: clients would choose
 * the methods that metrics are labelled with.
 *
 * @param paths filled by the time of the first request
 */
export function answerOtherMethods(
  adapter: AbstractHttpAdapter,
  paths: readonly EndpointPath[],
): void {
  function orElse(notFound: Handler): Handler {
    return function methodNotAllowed(request, response, next) {
      const raw = request.raw ?? request;
      const isOther = raw.method !== 'POST' && !isWorkerProcess();
      const endpoint = isOther ? endpointAt(paths, request) : undefined;
      if (endpoint === undefined) return notFound(request, response, next);
      const requestId = requestIdOf(raw.headers['x-request-id']);
      setHeader(response, 'allow', 'POST');
      const message = `Expected POST with a JSON object as the body, got ${raw.method}`;
      boundUnreadBody(raw, rawResponse(response));
      const failure = new ServingError('MethodNotAllowed', message);
      const call = { endpoint, requestId, log: endpoint.logFor({ requestId }), failure };
      noteFailure(call, FAILURES.MethodNotAllowed.status);
      return sendFailure(response, call, failure);
    };
  }

  standBefore(
    adapter,
    'setNotFoundHandler',
    (set) =>
      (notFound, ...where) =>
        set(orElse(notFound as Handler), ...where),
  );
}

function endpointAt(paths: readonly EndpointPath[], request: NestRequest): Endpoint | undefined {
  const path = pathOf(request);
  const found = paths.find(
    ({ matches, isItsHost }) => matches(path) && isItsHost?.(request) !== false,
  );
  return found?.endpoint;
}

/**
 * Matches paths with a template of Fastify's, near enough to tell who asks by the wrong method;
 * nothing where the template is of a kind that only Fastify's router understands.
 */
export function fastifyMatcher(app: FastifyApp, template: string): (path: string) => boolean {
  const routing = app.initialConfig.routerOptions ?? {};
  const path = template.replace(/\*$/, '{*path}').replace(/\/:(\w+)\?$/, '{/:$1}');
  try {
    const matches = match(path, {
      sensitive: routing.caseSensitive !== false,
      trailing: routing.ignoreTrailingSlash === true,
      decode: false,
    });
    return (url) => matches(url) !== false;
  } catch {
    return () => false;
  }
}
