import type { INestApplicationContext, Type } from '@nestjs/common';
import type { Endpoint } from '../endpoint/endpoint.js';
import { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { ConfigurationError } from '../errors/index.js';
import { Entrance } from '../gate/entrance.js';
import { Gate, type Passage } from '../gate/gate.js';
import { Intake } from '../gate/intake.js';
import { Readiness } from '../lifecycle/readiness.js';
import { CallDoor, type TestArrival } from './call-door.js';
import { PlainResponse } from '../gate/plain-exchange.js';

const OPTIONS = ['headers', 'params', 'query', 'timeout', 'signal'] as const;

/** What else than the input a call has; whatever is left out is empty. */
export interface CallEndpointOptions {
  /** Names in any case; guards and handler see them in lower case, as those of a request. */
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  /** The route's parameters. */
  readonly params?: Readonly<Record<string, string>>;
  /** The URL's query. */
  readonly query?: Readonly<Record<string, string | string[] | undefined>>;
  /**
   * Milliseconds until the call fails with `DEADLINE_EXCEEDED`; the endpoint's own timeout is not put off.
   * @default the endpoint's timeout
   */
  readonly timeout?: number;
  /** Aborted when the client goes away. */
  readonly signal?: AbortSignal;
}

/**
 * Calls an endpoint of an app without HTTP, the whole way that a request takes: readiness, guards,
 * interceptors, schema, pipes, cache, limits, deadline, the handler, the answer's schema, filters,
 * metrics and log. What the app binds sees a context of type `http` with a plain request
 * `{ method, url, originalUrl, headers, params, query, body }` and no socket; middleware, which belongs to
 * HTTP, sees nothing.
 *
 * @param app an app that has been initialised: `await app.init()`, no port is needed
 * @param target the class of an endpoint, or its route as metrics name it
 * @param input what a client would send as JSON
 * @returns what a client would read: of an endpoint that streams, an array of the items
 * @throws {FailedCall} with the status and code that a client would be told, and what was thrown as `cause`
 * @throws {ConfigurationError} where the app has no such endpoint, or several
 * @example
 * ```ts
 * const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
 * await app.init();
 * expect(await callEndpoint(app, LanguageClassifier, { title: 'Guten Tag' })).toEqual({ language: 'de' });
 * await expect(callEndpoint(app, '/classify', {})).rejects.toMatchObject({ status: 400 });
 * ```
 */
export async function callEndpoint<Answer = any>(
  app: INestApplicationContext,
  target: Type | string,
  input: unknown,
  options: CallEndpointOptions = {},
): Promise<Answer> {
  ConfigurationError.refuseUnknown('callEndpoint()', options, OPTIONS);
  const { headers = {}, params = {}, query = {}, timeout, signal } = options;
  const endpoint = endpointOf(app, target);
  const response = new PlainResponse();
  const request = {
    method: 'POST' as const,
    url: endpoint.route,
    originalUrl: endpoint.route,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    params,
    query: Object.assign(Object.create(null), query),
    body: input,
  };
  return new Promise((resolve, reject) => {
    entranceOf(app).enter({ endpoint, request, response, timeout, signal, resolve, reject });
  });
}

function endpointOf(app: INestApplicationContext, target: Type | string): Endpoint {
  const { endpoints } = app.get(EndpointRegistry, { strict: false });
  const found = endpoints.filter(({ route, controller }) =>
    typeof target === 'string' ? route === target : controller === target,
  );
  if (found.length === 1) return found[0]!;
  const routes = (found.length === 0 ? endpoints : found).map(({ route }) => route);
  throw ConfigurationError.expected(
    'callEndpoint()',
    'the target',
    `one endpoint of an app after app.init(), such as ${routes.join(', ') || 'none, as this app has none yet'}`,
    typeof target === 'string' ? target : target.name,
  );
}

const ENTRANCES = new WeakMap<INestApplicationContext, Entrance<TestArrival>>();

function entranceOf(app: INestApplicationContext): Entrance<TestArrival> {
  let entrance = ENTRANCES.get(app);
  if (entrance === undefined) {
    const gate = app.get(Gate, { strict: false });
    const door = new CallDoor();
    const passages = new Map<Endpoint, Passage>();
    const passageOf = (endpoint: Endpoint) => {
      const passage = passages.get(endpoint) ?? gate.passage(endpoint, 'http');
      passages.set(endpoint, passage);
      return passage;
    };
    entrance = new Entrance(
      door,
      new Intake(door, app.get(Readiness, { strict: false })),
      (call, { request, response }) =>
        passageOf(call.endpoint)(call, { args: [request, response], request }),
    );
    ENTRANCES.set(app, entrance);
  }
  return entrance;
}
