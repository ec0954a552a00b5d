import { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import { directivesOf, type AnswerCache, type Entry, type Flight } from '../cache/index.js';
import { isPromise, type Next, type Stage } from './stage.js';

/** Answers from the cache, from an identical call under way, or else runs the call and keeps its answer. */
export class CacheInterceptor implements Stage {
  intercept(call: Call, next: Next): unknown {
    const { cache } = call.endpoint;
    if (cache === undefined) return next(call);
    const header = cache.clientControl ? call.headers['cache-control'] : undefined;
    const { noCache, noStore } = directivesOf(header);
    const key = noStore ? undefined : cache.keyOf(call);
    if (key === undefined) {
      call.cacheResult = 'bypass';
      return next(call);
    }
    if (noCache) return this.#renew(call, cache, key, next);
    return this.#join(call, cache, key) ?? this.#look(call, cache, key, next);
  }

  /** A new answer for a client that wants no stored one, and none that was begun before it asked. */
  #renew(call: Call, cache: AnswerCache, key: string, next: Next): unknown {
    call.cacheResult = 'bypass';
    const { flights } = cache;
    const { timeout } = call.endpoint.options;
    const run = runOf(call, cache, key, next);
    if (flights.find(key) === undefined) return flights.start(key, call, timeout, run);
    call.standAside();
    return flights.startNext(key, call, timeout, run).then(ownCopy);
  }

  #join(call: Call, cache: AnswerCache, key: string): unknown {
    const flight = cache.flights.find(key);
    if (flight === undefined) return undefined;
    call.cacheResult = 'coalesced';
    call.standAside();
    return flight.join(call).then(ownCopy);
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
    const run = runOf(call, cache, key, next);
    return cache.flights.start(key, call, call.endpoint.options.timeout, run);
  }
}

/** What a call runs for itself and for those that share it. */
function runOf(call: Call, cache: AnswerCache, key: string, next: Next) {
  return function run(flight: Flight): unknown {
    call.task = flight;
    return keep(cache, key, next(call));
  };
}

/** Keeps an answer when it is there; only successes come this far. */
function keep(cache: AnswerCache, key: string, answer: unknown): unknown {
  if (isPromise(answer)) return answer.then((value) => keep(cache, key, value));
  const entry = { text: (answer as Answer).text, storedAt: Date.now() };
  cache.store.set(key, entry, cache.ttl);
  return answer;
}

/** An answer that others hold as well may be changed by one of them. */
function ownCopy(answer: unknown): Answer {
  return Answer.fromText((answer as Answer).text);
}
