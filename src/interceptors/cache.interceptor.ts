import type { Call } from '../endpoint/call.js';
import type { AnswerCache, Entry } from '../cache/index.js';
import { Answer } from './answer.js';
import { isPromise, type Next, type Stage } from './stage.js';

/** Answers from the cache, from an identical call under way, or else runs the call and keeps its answer. */
export class CacheInterceptor implements Stage {
  intercept(call: Call, next: Next): unknown {
    const { cache } = call.endpoint;
    if (cache === undefined) return next(call);
    const { noCache, noStore } = directivesOf(call.headers['cache-control']);
    const key = noStore ? undefined : cache.keyOf(call);
    if (key === undefined || noCache) {
      call.cacheResult = 'bypass';
      return key === undefined ? next(call) : keep(cache, key, next(call));
    }
    return this.#join(call, cache, key) ?? this.#look(call, cache, key, next);
  }

  #join(call: Call, cache: AnswerCache, key: string): unknown {
    const flight = cache.flights.find(key);
    if (flight === undefined) return undefined;
    call.cacheResult = 'coalesced';
    return flight.join(call).then((answer) => Answer.fromText((answer as Answer).text));
  }

  #look(call: Call, cache: AnswerCache, key: string, next: Next): unknown {
    let failed = false;
    const entry = cache.store.get(key, () => {
      failed = true;
    });
    if (!isPromise(entry))
      return this.#take(call, cache, key, entry as Entry | undefined, failed, next);
    return entry.then(
      (found) =>
        // Another call may have taken off while the store was read.
        (found === undefined ? this.#join(call, cache, key) : undefined) ??
        this.#take(call, cache, key, found as Entry | undefined, failed, next),
    );
  }

  #take(
    call: Call,
    cache: AnswerCache,
    key: string,
    entry: Entry | undefined,
    failed: boolean,
    next: Next,
  ): unknown {
    if (entry !== undefined) {
      call.cacheResult = 'hit';
      call.age = Math.max(0, Math.floor((Date.now() - entry.storedAt) / 1000));
      return Answer.fromText(entry.text);
    }
    call.cacheResult = failed ? 'error' : 'miss';
    return cache.flights.start(key, call, call.endpoint.options.timeout, function run(flight) {
      call.task = flight;
      return keep(cache, key, next(call));
    });
  }
}

/** Keeps an answer when it is there; only successes come this far. */
function keep(cache: AnswerCache, key: string, answer: unknown): unknown {
  if (isPromise(answer)) return answer.then((value) => keep(cache, key, value));
  const entry = { text: (answer as Answer).text, storedAt: Date.now() };
  cache.store.set(key, entry, cache.ttl);
  return answer;
}

/** What a client says of caches in `Cache-Control` (RFC 9111, 5.2.1). */
function directivesOf(header: string | string[] | undefined): {
  noCache: boolean;
  noStore: boolean;
} {
  if (header === undefined) return NO_DIRECTIVES;
  const directives = String(header)
    .toLowerCase()
    .split(/\s*,\s*/);
  return { noCache: directives.includes('no-cache'), noStore: directives.includes('no-store') };
}

const NO_DIRECTIVES = { noCache: false, noStore: false };
