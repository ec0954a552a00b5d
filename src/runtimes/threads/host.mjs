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

export default async function run(input) {
  try {
    return await predict(input);
  } catch (error) {
    throw record(error);
  }
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
