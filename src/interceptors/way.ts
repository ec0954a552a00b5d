import type { Call, Parts } from '../endpoint/call.js';
import { tamed } from '../errors/index.js';
import { isQueueFull } from '../execution/index.js';
import type { Answer } from '../endpoint/answer.js';
import { CacheInterceptor } from './cache.interceptor.js';
import { Items, type Deliver } from './items.js';
import { MetricsInterceptor } from './metrics.interceptor.js';
import { serveParts } from './served-parts.js';
import { isPromise, type Next, type Stage } from './stage.js';
import { TracingInterceptor } from './tracing.interceptor.js';
import { ValidationInterceptor } from './validation.interceptor.js';

const tracing = new TracingInterceptor();
const metrics = new MetricsInterceptor();
const validation = new ValidationInterceptor();
const cache = new CacheInterceptor();

/** The way of a call through the interceptors to its handler and back. */
export type Way = (call: Call) => Answer | Promise<Answer>;

/** The way to a handler that is reached by `last`. */
export function wayTo(last: (call: Call) => unknown): Way {
  return braked(passing(tracing, ofOneInput(last))) as Way;
}

/** Brings the input of a call into its canonical form, and goes no further. */
export function validate(call: Call): void {
  validation.intercept(call, () => undefined);
}

/** The way where nothing of the app's stands before the handler any more. */
export const serve = wayTo((call) => call.run(call.receiver!));

/** The way of a call whose handler makes a stream; the promise ends with the last item, or a failure. */
export type StreamWay = (call: Call, deliver: Deliver) => Promise<void>;

/** The way to a handler of a stream that is reached by `last`: each of its items is an answer. */
export function streamWayTo(last: (call: Call) => unknown): StreamWay {
  const way = braked(passing(tracing, passing(validation, last)));
  return async function stream(call, deliver) {
    if (call.parts !== undefined) return servePartsOf(call, deliver);
    const items = new Items(call, check, deliver);
    call.sink = items;
    try {
      await way(call);
    } catch (error) {
      throw tamed(error);
    } finally {
      items.end();
    }
  };
}

/** {@link serve} for an endpoint that streams: the items go straight to the client. */
export function serveStream(call: Call): Promise<void> {
  return streamThrough(call, (answer) => call.outlet!.write(answer));
}

const streamThrough = streamWayTo((call) => call.run(call.receiver!));

/** The way of each of several inputs: it is the call as a whole that is told of a full queue. */
const servePart = ofOneInput((part) => part.run(part.receiver!));

async function servePartsOf(call: Call, deliver: Deliver): Promise<void> {
  try {
    await tracing.intercept(call, (whole) =>
      serveParts(whole, whole.parts!, servePartBy(whole.parts!), deliver),
    );
  } catch (error) {
    return turnAway(call, tamed(error));
  }
}

function servePartBy({ handle }: Parts): Next {
  return handle === undefined ? servePart : ofOneInput(handle);
}

/** What every input meets, also where a call brings several of them. */
function ofOneInput(last: (call: Call) => unknown): Next {
  return passing(metrics, passing(validation, passing(cache, answering(last))));
}

function check(call: Call, item: unknown): Answer {
  return validation.answer(call, item);
}

/** Made once for all calls: none of them needs a closure of its own. */
function passing(stage: Stage, next: Next): Next {
  return (call) => stage.intercept(call, next);
}

/** Outermost: who finds the queue full only here, behind a cache or a guard, is told it as all others are. */
function braked(next: Next): Next {
  return (call) => {
    let answer: unknown;
    try {
      answer = next(call);
    } catch (error) {
      return turnAway(call, error);
    }
    return isPromise(answer) ? answer.catch((error) => turnAway(call, error)) : answer;
  };
}

function turnAway(call: Call, error: unknown): Promise<never> {
  if (!isQueueFull(error)) throw error;
  return new Promise((_, reject) => call.endpoint.brake.hold(call, error, reject));
}

function answering(last: (call: Call) => unknown): Next {
  return (call) => {
    let result: unknown;
    try {
      result = last(call);
    } catch (error) {
      throw tamed(error);
    }
    return isPromise(result)
      ? result.then((value) => validation.answer(call, value), rethrow)
      : validation.answer(call, result);
  };
}

function rethrow(error: unknown): never {
  throw tamed(error);
}
