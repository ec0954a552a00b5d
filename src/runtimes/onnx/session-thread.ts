import { fileURLToPath } from 'node:url';
import { env, type InferenceSession, type Tensor } from 'onnxruntime-node';
import { ThreadPool } from '../threads/thread-pool.js';
import { deathOf } from '../threads/thrown.js';
import { ExitGuard } from './exit-guard.js';
import { pack, unpack, type PackedTensor } from './packed-tensor.mjs';
import type { Session, SessionCall } from './session.js';

const HOST = fileURLToPath(new URL('./session-host.mjs', import.meta.url));

export type Metadata = Pick<Session, 'inputMetadata' | 'outputMetadata'>;

/** What session-host.mjs makes of a run. */
type Result = { outputs: [string, PackedTensor][] } | { error: Error };

/** A worker thread with a session of its own, which takes one run at a time. */
export class SessionThread {
  readonly #owner: string;
  readonly #guard = new ExitGuard();
  readonly #pool: ThreadPool;

  constructor(owner: string, file: string, options: InferenceSession.SessionOptions | undefined) {
    this.#owner = owner;
    this.#pool = new ThreadPool(owner, {
      filename: HOST,
      workerData: { file, options, logLevel: env.logLevel, busy: this.#guard.flag },
      minThreads: 1,
      maxThreads: 1,
    });
  }

  async load(): Promise<Metadata> {
    const [metadata] = await this.#pool.load();
    return metadata as Metadata;
  }

  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    { mayMove = () => false, ...options }: Omit<SessionCall, 'signal'>,
  ): Promise<Record<string, Tensor>> {
    const { packed, transferList } = pack(feeds, mayMove);
    const input = { feeds: packed, fetches, options };
    let result: Result;
    this.#guard.raise();
    try {
      result = (await this.#pool.run(input, { transferList })) as Result;
    } catch (error) {
      this.#guard.lower();
      throw deathOf(this.#owner, error);
    }
    if ('error' in result) throw result.error;
    return unpack(result.outputs);
  }

  /** Releases the session in its thread, after the run that has started, and ends the thread. */
  async release(): Promise<void> {
    await this.#pool.closeAfter('release');
    this.#guard.close();
  }
}
