import { InferenceSession } from 'onnxruntime-node';
import { ConfigurationError } from '../../errors/index.js';
import type { Session } from './session.js';

/** Loads a model: into this thread, or into so many others. */
export async function openSession(
  owner: string,
  file: string,
  options: InferenceSession.SessionOptions | undefined,
  threads: number,
): Promise<Session> {
  if (threads > 0) return (await threadedSessions(owner)).open(owner, file, options, threads);
  const session = await InferenceSession.create(file, options);
  const { inputMetadata, outputMetadata } = session;
  return {
    inputMetadata,
    outputMetadata,
    // It passes over the options that are not its own.
    run: (feeds, fetches, call) => session.run(feeds, fetches, call),
    release: () => session.release(),
  };
}

/** Loaded on demand, since who needs no threads need not install Piscina. */
async function threadedSessions(owner: string) {
  try {
    return (await import('./threaded-sessions.js')).ThreadedSessions;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new ConfigurationError(
      `${owner}: expected the package piscina to be installed beside threads, got none: npm install piscina`,
      { cause },
    );
  }
}
