import type { Call } from '../endpoint/call.js';
import { tamed } from '../errors/index.js';
import type { Answer } from './answer.js';
import { CacheInterceptor } from './cache.interceptor.js';
import { MetricsInterceptor } from './metrics.interceptor.js';
import { isPromise, type Next, type Stage } from './stage.js';
import { ValidationInterceptor } from './validation.interceptor.js';

const metrics = new MetricsInterceptor();
const validation = new ValidationInterceptor();
const cache = new CacheInterceptor();

/** The way of a call through the three interceptors to its handler and back. */
export const serve = passing(metrics, passing(validation, passing(cache, answer))) as (
  call: Call,
) => Answer | Promise<Answer>;

/** Made once for all calls: none of them needs a closure of its own. */
function passing(stage: Stage, next: Next): Next {
  return (call) => stage.intercept(call, next);
}

function answer(call: Call): unknown {
  let result: unknown;
  try {
    result = call.runHandler();
  } catch (error) {
    throw tamed(error);
  }
  return isPromise(result)
    ? result.then((value) => validation.answer(call, value), rethrow)
    : validation.answer(call, result);
}

function rethrow(error: unknown): never {
  throw tamed(error);
}
