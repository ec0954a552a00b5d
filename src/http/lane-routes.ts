import { Logger } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Exchange } from './http-door.js';
import { rawResponse } from './reply.js';

/** A place where an endpoint is, as a framework's router has it. */
export interface LaneRoute {
  readonly path: string;
  readonly endpoint: Endpoint;
}

/** What a framework, as the app has set it up, does with a request before its route has it. */
export interface Surroundings {
  /** What stands before a route, as the log says it; `undefined` where nothing does. */
  obstacleAt(route: LaneRoute): string | undefined;
  /** Whether nothing has been added since. Asked for each request. */
  isUnchanged(): boolean;
}

/** Where a server's listener for requests is not the framework's own, or a framework is not as it was. */
export const UNKNOWN: Surroundings = {
  obstacleAt: () => 'what stands before it cannot be seen',
  isUnchanged: () => true,
};

/** Paths that mean themselves to every router, and that clients have no second way to write. */
const LITERAL = /^(?:\/[\w.~-]+)+$|^\/$/;

/**
 * The routes that are served before the framework sees their requests. Which they are is decided once, when
 * the server listens and all that the app puts in between is there; what is added later closes all of them.
 */
export class LaneRoutes {
  readonly #logger = new Logger('DirectLane');
  readonly #obstacleOf: (route: LaneRoute) => string | undefined;
  readonly #routes: LaneRoute[] = [];
  readonly #open = new Map<string, Endpoint>();
  #surroundings: Surroundings | undefined;
  #isClosed = false;

  /** @param obstacleOf what stands before an endpoint, whatever the framework */
  constructor(obstacleOf: (route: LaneRoute) => string | undefined) {
    this.#obstacleOf = obstacleOf;
  }

  add(route: LaneRoute): void {
    this.#routes.push(route);
  }

  /** The endpoint that serves a request here; `undefined` where the framework is to route it. */
  find({ request, response }: Exchange): Endpoint | undefined {
    if (request.method !== 'POST') return undefined;
    const { url = '' } = request;
    const query = url.indexOf('?');
    const endpoint = this.#open.get(query === -1 ? url : url.slice(0, query));
    if (endpoint === undefined || !this.#isOpen()) return undefined;
    // Another listener of the server has begun to read or to answer: frameworks know about such.
    if (request.readableFlowing !== null || isBegun(rawResponse(response))) return undefined;
    // Which of them is the host of the app depends on whether it trusts its proxy.
    const { headers } = request;
    if (headers.origin !== undefined && headers['x-forwarded-host'] !== undefined) return undefined;
    return endpoint;
  }

  /** Decides for every route, and tells the log. */
  decide(lookAround: () => Surroundings): void {
    const surroundings = (this.#surroundings = orUnknown(lookAround, UNKNOWN));
    for (const route of this.#routes) {
      const look = () => this.#obstacleAt(route, surroundings);
      const obstacle = orUnknown(look, UNKNOWN.obstacleAt(route));
      if (obstacle === undefined) this.#open.set(route.path, route.endpoint);
      const way = obstacle === undefined ? 'the direct lane' : `Nest's route: ${obstacle}`;
      this.#logger.debug(`POST ${route.path} takes ${way}`);
    }
  }

  #obstacleAt(route: LaneRoute, surroundings: Surroundings): string | undefined {
    if (!LITERAL.test(route.path)) return 'its path is no literal';
    if (this.#routes.some((other) => other !== route && other.path === route.path)) {
      return 'it shares its path with another endpoint';
    }
    return this.#obstacleOf(route) ?? surroundings.obstacleAt(route);
  }

  #isOpen(): boolean {
    if (this.#isClosed) return false;
    if (this.#surroundings!.isUnchanged()) return true;
    this.#isClosed = true;
    this.#logger.debug("Every request takes Nest's route: the app has added middleware");
    return false;
  }
}

/** A framework of another shape than is known cannot be looked at. */
function orUnknown<T>(look: () => T, unknown: T): T {
  try {
    return look();
  } catch {
    return unknown;
  }
}

function isBegun(response: ServerResponse): boolean {
  return response.headersSent || response.writableEnded || response.destroyed;
}
