import { once } from 'node:events';

// The module Piscina runs in every worker thread: it loads the model's file, whose address is the
// thread's argument, and calls it. Plain JavaScript, because a thread loads it without any build
// or test tool around it.
const file = process.argv.at(-1);
const { default: predict } = await import(file);
if (typeof predict !== 'function') {
  throw new TypeError(`expected its default export to be a function, got ${typeof predict}`);
}

/** Does nothing: that it can be called says that the model is loaded. */
export function ready() {}

export default async function run({ input, trace }) {
  try {
    return await inTrace(trace, () => predict(input));
  } catch (error) {
    throw record(error);
  }
}

/** The same for a module that yields: an item for each `next` that the port says, until it says `return`. */
export function stream({ input, trace, port }) {
  return inTrace(trace, () => streamTo(port, input));
}

async function streamTo(port, input) {
  try {
    let items = iteratorOf(await predict(input));
    let asked = once(port, 'message');
    while ((await asked)[0] === 'next') {
      const { done, value } = await items.next();
      const step = done ? { done } : { value: await value };
      if (done) items = undefined;
      asked = once(port, 'message'); // before the answer to it can come
      port.postMessage(step);
    }
    await items?.return?.();
  } catch (error) {
    throw record(error);
  } finally {
    port.close();
  }
}

/**
 * Calls `work` in the place in a trace that came along with its input, where the thread has an OpenTelemetry
 * SDK of its own: this is what one registers, as tracing/registered-sdk.ts knows it.
 */
function inTrace(trace, work) {
  const { context, propagation } = globalThis[Symbol.for('opentelemetry.js.api.1')] ?? {};
  if (!trace || !context || !propagation) return work();
  const getter = { get: (carrier, name) => carrier[name], keys: Object.keys };
  let place = context.active();
  try {
    place = propagation.extract(place, trace, getter);
  } catch {
    // Its place in a trace is all that the call lacks then.
  }
  return context.with(place, work);
}

function iteratorOf(items) {
  const iterate = items?.[Symbol.asyncIterator] ?? items?.[Symbol.iterator];
  if (typeof iterate === 'function' && typeof items !== 'string') return iterate.call(items);
  throw new TypeError(
    `expected its default export to be a generator, or to return an iterable, got ${typeof items}`,
  );
}

/** An error crosses threads without its name and own properties; a record of them keeps both. */
function record(error) {
  if (!(error instanceof Error)) return { thrown: { name: 'Error', message: String(error) } };
  const { name, message, stack, details } = error;
  return { thrown: { name, message, stack, details: plain(details) } };
}

function plain(details) {
  try {
    return structuredClone(details);
  } catch {
    return undefined;
  }
}
