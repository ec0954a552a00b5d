import { disregard } from '../errors/index.js';
import type { Task } from '../execution/index.js';
import { isThenable } from '../execution/pending.js';
import type { GuardedStore } from './guarded-store.js';
import { cacheKey } from './key.js';
import type { CachePolicy } from './options.js';
import { SingleFlight } from './single-flight.js';

/** What a key is made of: a call with canonical input, and where it was sent to. */
export interface KeyedCall extends Task {
  /** The route's parameters. */
  readonly params: object;
  readonly query: object;
}

export interface AnswerCacheOptions {
  readonly store: GuardedStore;
  readonly policy: CachePolicy;
  /** From `cacheScope`: sets the endpoint's entries apart from every other's. */
  readonly scope: string;
  /** Whether a client's `Cache-Control` counts. */
  readonly clientControl: boolean;
}

/** The cache from the point of view of one endpoint. */
export class AnswerCache {
  readonly store: GuardedStore;
  readonly flights = new SingleFlight();
  /** Milliseconds an answer is kept. */
  readonly ttl: number;
  readonly clientControl: boolean;
  readonly #policy: CachePolicy;
  readonly #scope: string;
  /** Whether the answer to a call with `Authorization` may be kept (RFC 9111, 3.5). */
  readonly #takesAuthorized: boolean;

  constructor({ store, policy, scope, clientControl }: AnswerCacheOptions) {
    const { key, vary, shared } = policy;
    this.store = store;
    this.ttl = policy.ttl;
    this.clientControl = clientControl;
    this.#policy = policy;
    this.#scope = scope;
    this.#takesAuthorized = shared || key !== undefined || vary.includes('authorization');
  }

  /** The key of a call; `undefined` for one whose answer is neither to be looked up nor kept. */
  keyOf({ input, context, params, query }: KeyedCall): string | undefined {
    const { headers } = context;
    if (headers['authorization'] !== undefined && !this.#takesAuthorized) return undefined;
    const { key, vary } = this.#policy;
    const own = key === undefined ? input : key(input, context);
    if (own === undefined) return undefined;
    // It makes no key.
    if (isThenable(own)) disregard(own);
    const varying = vary.map((name) => textOf(headers[name]));
    return cacheKey(this.#scope, own, varying, params, query);
  }
}

/** Binary metadata of another transport is text of which no two are the same. */
function textOf(header: unknown): string | undefined {
  const values = [header].flat();
  return values.some((value) => Buffer.isBuffer(value))
    ? values.map((value) => (value as Buffer).toString('base64')).join()
    : header?.toString();
}
