import { VersioningType, type VersioningOptions } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { EndpointPlace } from '../endpoint/endpoint-registry.js';
import { ConfigurationError, ServingError } from '../errors/index.js';
import { noteFailure } from '../gate/conclusion.js';
import { answerOf } from '../gate/failure-answer.js';
import type { Receive } from '../gate/gate.js';
import type { ExpressApp } from '../http/express-intake.js';
import { putBeforeControllers } from '../http/express-routes.js';
import { isAnswered, rawResponse, sendFailure, type NestResponse } from '../http/reply.js';
import { isWorkerProcess, SERVES_NO_CALLS } from '../lifecycle/role.js';
import { hostCondition } from '../routing/route-condition.js';
import type { JobDesk } from './job-desk.js';
import { JOB_ID, Visitor } from './visitor.js';

/** What a visitor may ask for at a job's routes. */
type Errand = (desk: JobDesk, visitor: Visitor) => Promise<void>;

/** An endpoint's desk, and what stands before it. */
export interface Reception {
  readonly desk: JobDesk;
  readonly receive: Receive;
}

type Handle = (request: object, response: NestResponse, next?: () => void) => unknown;

/**
 * Makes the routes of jobs below those of their endpoints: Nest would let the app's interceptors at them,
 * whose business the answers of the handler are.
 */
export class JobRoutes {
  readonly #adapter: AbstractHttpAdapter;
  readonly #versioning: VersioningOptions | undefined;
  readonly #receptions: ReadonlyMap<Endpoint, Reception>;

  constructor(
    adapter: AbstractHttpAdapter,
    versioning: VersioningOptions | undefined,
    receptions: ReadonlyMap<Endpoint, Reception>,
  ) {
    this.#adapter = adapter;
    this.#versioning = versioning;
    this.#receptions = receptions;
  }

  /** @throws {ConfigurationError} for an endpoint below whose path there can be no other */
  install(places: readonly EndpointPlace[]): void {
    const groups = new Map<string, EndpointPlace[]>();
    for (const place of places) {
      if (!this.#receptions.has(place.endpoint)) continue;
      refuseOpenEnd(place);
      const name = `${place.path} ${[this.#versionOf(place.endpoint)].flat().map(String).join()}`;
      groups.set(name, [...(groups.get(name) ?? []), place]);
    }
    if (this.#adapter.getType() !== 'express') return this.#installAll(groups.values());
    const { stack } = this.#adapter.getInstance<ExpressApp>().router;
    const start = stack.length;
    this.#installAll(groups.values());
    putBeforeControllers(stack, start);
  }

  #installAll(groups: Iterable<readonly EndpointPlace[]>): void {
    for (const group of groups) this.#installAt(group);
  }

  #installAt(group: readonly EndpointPlace[]): void {
    const adapter = this.#adapter;
    const [{ path, endpoint }] = group as [EndpointPlace];
    const base = `${path.replace(/\/$/, '')}/jobs/:${JOB_ID}`;
    const version = this.#versionOf(endpoint);
    const versioned = (handle: Handle) =>
      version === undefined
        ? handle
        : (adapter.applyVersionFilter(handle as never, version, this.#versioning!) as Handle);
    const handleOf = (route: string, errand: Errand) =>
      versioned(this.#handle(group, route, errand)) as never;
    const result = `${base}/result`;
    adapter.get(
      result,
      handleOf(result, (desk, visitor) => desk.tellResult(visitor)),
    );
    adapter.get(
      base,
      handleOf(base, (desk, visitor) => desk.tellStatus(visitor)),
    );
    adapter.delete(
      base,
      handleOf(base, (desk, visitor) => desk.remove(visitor)),
    );
  }

  /** Where the version is in the path it needs no other look. */
  #versionOf({ routeVersion }: Endpoint): VersioningOptions['defaultVersion'] {
    const versioning = this.#versioning;
    if (versioning === undefined || versioning.type === VersioningType.URI) return undefined;
    return routeVersion ?? versioning.defaultVersion;
  }

  #handle(group: readonly EndpointPlace[], route: string, errand: Errand): Handle {
    const candidates = group.map(({ endpoint }) => ({
      endpoint,
      isItsHost: hostCondition(endpoint.controller, this.#adapter),
    }));
    return (request, response, next) => {
      const found = candidates.find(({ isItsHost }) => isItsHost?.(request) !== false);
      if (found === undefined && next !== undefined) return next();
      const { endpoint } = found ?? candidates[0]!;
      endpoint.tracing?.nameRoute(route);
      const visitor = new Visitor(endpoint, [request, response, next]);
      void this.#serve(visitor, errand, found !== undefined);
      return undefined;
    };
  }

  async #serve(visitor: Visitor, errand: Errand, isHere: boolean): Promise<void> {
    const { endpoint } = visitor;
    const { desk, receive } = this.#receptions.get(endpoint)!;
    try {
      if (!isHere) throw new ServingError('NotFound', 'There is no such job here');
      if (isWorkerProcess()) throw new ServingError('NotFound', SERVES_NO_CALLS);
      await receive(visitor, visitor.visit, () => errand(desk, visitor));
    } catch (error) {
      turnAway(visitor, error);
    }
  }
}

function turnAway(visitor: Visitor, error: unknown): void {
  const { response } = visitor;
  if (isAnswered(response)) return;
  try {
    sendFailure(response, visitor, error);
    noteFailure(visitor, answerOf(error).status);
  } catch {
    // The app's own logger, perhaps. Nobody is above who would answer.
    rawResponse(response).destroy();
  }
}

/** Below a wildcard, or a parameter that may be missing, nobody could tell where the endpoint's path ends. */
function refuseOpenEnd({ path, endpoint }: EndpointPlace): void {
  if (/^(?:\/(?::\w+|[^/:*?{}()]+)?)*$/.test(path)) return;
  throw new ConfigurationError(
    `${endpoint.owner}: expected a path of literals and parameters beside jobs, got ${path}`,
  );
}
