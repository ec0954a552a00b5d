import { createHash } from 'node:crypto';
import type { Endpoint } from '../endpoint/endpoint.js';
import { disregard, inspectThrown, ServingError } from '../errors/index.js';
import type { PredictContext } from '../execution/index.js';

/** Where callers show who they are, for guards that keep no `user` of it. */
const CREDENTIALS = ['authorization', 'x-api-key', 'cookie'];

/** Who asks, and where: what has to be the same when a job is made and when it is asked for. */
export interface Caller {
  readonly context: PredictContext;
  /** The request as guards have seen it, and perhaps put a `user` on. */
  readonly request: object;
  /** What the client addressed. */
  readonly host: string;
}

/**
 * A digest of who may ask for a job: of its owner, and of the parameters and the host by which a guard may
 * tell callers apart as well.
 */
export function scopeOf(endpoint: Endpoint, { context, request, host }: Caller): string {
  const own = endpoint.hosts.length > 0 ? host : '';
  const params = Object.entries(context.params).toSorted();
  return digest(JSON.stringify([own, params, ownerOf(endpoint, context, request)]));
}

function ownerOf(endpoint: Endpoint, context: PredictContext, request: object): unknown {
  const { owner } = endpoint.options.jobs!;
  if (owner !== undefined) {
    const name: unknown = owner(context);
    if (typeof name === 'string') return name;
    disregard(name);
    throw new ServingError(
      'Internal',
      `jobs.owner returned ${inspectThrown(name)}, expected a string`,
    );
  }
  if (!endpoint.bound.guards) return undefined;
  return userOf(request) ?? CREDENTIALS.map((name) => context.headers[name]);
}

/** What guards of Nest's documentation, of Passport and of others leave behind. */
function userOf(request: object): unknown {
  const { user } = request as { user?: Readonly<Record<string, unknown>> | null };
  const id = user?.['id'] ?? user?.['sub'] ?? user?.['userId'];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

export function digest(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  // Each with its length, so that no two lists of parts look alike.
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('base64url');
}
