// The module Piscina runs in each worker thread of a model with `threads`: it holds one session.
// Plain JavaScript, because a thread loads it without any build or test tool around it.
import { workerData } from 'node:worker_threads';
import { env, InferenceSession } from 'onnxruntime-node';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { pack, unpack } from './packed-tensor.mjs';

const { file, options: sessionOptions, logLevel, busy } = workerData;
env.logLevel = logLevel;
const session = await native(() => InferenceSession.create(file, sessionOptions));

/** That it can be called says that the session is loaded. */
export function ready() {
  const { inputMetadata, outputMetadata } = session;
  return { inputMetadata, outputMetadata };
}

/**
 * An error is returned: what is thrown could not be told from the death of the thread.
 *
 * @returns {Promise<unknown>}
 */
export default async function run({ feeds, fetches, options }) {
  try {
    const outputs = await native(() => session.run(unpack(feeds), fetches, options));
    const { packed, transferList } = pack(outputs, () => true);
    return move({ [valueSymbol]: { outputs: packed }, [transferableSymbol]: transferList });
  } catch (error) {
    return { error };
  }
}

/** @returns {Promise<void>} */
export function release() {
  return native(() => session.release());
}

/** Says, while ONNX Runtime works, that the process may not end this thread. */
async function native(work) {
  Atomics.store(busy, 0, 1);
  try {
    return await work();
  } finally {
    Atomics.store(busy, 0, 0);
    Atomics.notify(busy, 0);
  }
}
