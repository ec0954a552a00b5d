import type { Task } from '../execution/index.js';
import type { GuardedStore } from './guarded-store.js';
import { cacheKey } from './key.js';
import type { CachePolicy } from './options.js';
import { SingleFlight } from './single-flight.js';

/** The cache from the point of view of one endpoint. */
export class AnswerCache {
  readonly store: GuardedStore;
  readonly flights = new SingleFlight();
  /** Milliseconds an answer is kept. */
  readonly ttl: number;
  readonly #policy: CachePolicy;
  readonly #scope: string;

  /** @param scope from `cacheScope`: sets the endpoint's entries apart from every other's */
  constructor(store: GuardedStore, policy: CachePolicy, scope: string) {
    this.store = store;
    this.ttl = policy.ttl;
    this.#policy = policy;
    this.#scope = scope;
  }

  /** The key of a call with canonical input; `undefined` where the endpoint says it is not to be cached. */
  keyOf({ input, context }: Task): string | undefined {
    const { key, vary } = this.#policy;
    const own = key === undefined ? input : key(input, context);
    if (own === undefined) return undefined;
    if (vary.length === 0) return cacheKey(this.#scope, own, []);
    return cacheKey(
      this.#scope,
      own,
      vary.map((name) => context.headers[name]?.toString()),
    );
  }
}
