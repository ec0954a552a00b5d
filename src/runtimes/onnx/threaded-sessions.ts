import { fileURLToPath } from 'node:url';
import { env, type InferenceSession, type Tensor } from 'onnxruntime-node';
import { ServingError } from '../../errors/index.js';
import { ThreadPool } from '../threads/thread-pool.js';
import { deathOf } from '../threads/thrown.js';
import { Turnstile } from '../threads/turnstile.js';
import { pack, unpack, type PackedTensor } from './packed-tensor.mjs';
import type { Session, SessionCall } from './session.js';

const HOST = fileURLToPath(new URL('./session-host.mjs', import.meta.url));

type Metadata = Pick<Session, 'inputMetadata' | 'outputMetadata'>;

/** What session-host.mjs makes of a run. */
type Result = { outputs: [string, PackedTensor][] } | { error: Error };

/**
 * A model in worker threads, one session in each. Every thread is a pool of its own, so that a session
 * is released in the thread that holds it. None is ended inside ONNX Runtime, which could abort the
 * process: not by an abort, and not by the end of the app, either.
 */
export class ThreadedSessions implements Session {
  readonly inputMetadata: Session['inputMetadata'];
  readonly outputMetadata: Session['outputMetadata'];
  readonly #owner: string;
  readonly #threads: readonly ThreadPool[];
  readonly #idle: ThreadPool[];
  readonly #turnstile: Turnstile;
  #released = false;

  /** @throws What ONNX Runtime says of the file. */
  static async open(
    owner: string,
    file: string,
    options: InferenceSession.SessionOptions | undefined,
    threads: number,
  ): Promise<ThreadedSessions> {
    const workerData = { file, options, logLevel: env.logLevel };
    const one = { filename: HOST, workerData, minThreads: 1, maxThreads: 1 };
    const pools = Array.from({ length: threads }, () => new ThreadPool(owner, one));
    const loads = pools.map((pool) => pool.load());
    try {
      const [[metadata]] = (await Promise.all(loads)) as [[Metadata]];
      return new ThreadedSessions(owner, pools, metadata);
    } catch (error) {
      await Promise.allSettled(loads);
      await closeAll(pools);
      throw error;
    }
  }

  private constructor(owner: string, threads: readonly ThreadPool[], metadata: Metadata) {
    this.inputMetadata = metadata.inputMetadata;
    this.outputMetadata = metadata.outputMetadata;
    this.#owner = owner;
    this.#threads = threads;
    this.#idle = [...threads];
    this.#turnstile = new Turnstile(threads.length);
  }

  /**
   * @throws What ONNX Runtime throws; the signal's reason if that is aborted; `ServingError`
   * `Unavailable` if it is released while it waits; an `Error` if the thread dies.
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    call: SessionCall = {},
  ): Promise<Record<string, Tensor>> {
    await this.#turnstile.enter(call.signal);
    const thread = this.#idle.pop()!;
    const running = this.#runIn(thread, feeds, fetches, call);
    const free = () => {
      this.#idle.push(thread);
      this.#turnstile.leave();
    };
    running.then(free, free);
    return unlessAborted(running, call.signal);
  }

  async release(): Promise<void> {
    this.#released = true;
    this.#turnstile.turnAway(this.#unavailable());
    await closeAll(this.#threads);
  }

  async #runIn(
    thread: ThreadPool,
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    { signal, mayMove = () => false }: SessionCall,
  ): Promise<Record<string, Tensor>> {
    // Again: it may have waited.
    signal?.throwIfAborted();
    if (this.#released) throw this.#unavailable();
    const { packed, transferList } = pack(feeds, mayMove);
    let result: Result;
    try {
      result = (await thread.run({ feeds: packed, fetches }, { transferList })) as Result;
    } catch (error) {
      throw deathOf(this.#owner, error);
    }
    if ('error' in result) throw result.error;
    return unpack(result.outputs);
  }

  #unavailable(): ServingError {
    return new ServingError('Unavailable', `${this.#owner} is not loaded`);
  }
}

/** A run that has started ends before its session is released. */
async function closeAll(threads: readonly ThreadPool[]): Promise<void> {
  await Promise.all(threads.map((thread) => thread.closeAfter('release')));
}

/** The promise, or a rejection as soon as the signal is aborted. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason as Error);
    const stopListening = () => signal.removeEventListener('abort', giveUp);
    signal.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject).finally(stopListening);
  });
}
