import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ServingError } from '../../errors/index.js';
import { Turnstile } from '../threads/turnstile.js';
import type { Session, SessionCall } from './session.js';
import { SessionThread, type Metadata } from './session-thread.js';

/**
 * A model in worker threads, one session in each. None is ended inside ONNX Runtime, which could
 * abort the process: not by an abort, and not by the end of the app, either.
 */
export class ThreadedSessions implements Session {
  readonly inputMetadata: Session['inputMetadata'];
  readonly outputMetadata: Session['outputMetadata'];
  readonly #owner: string;
  readonly #threads: readonly SessionThread[];
  readonly #idle: SessionThread[];
  readonly #turnstile: Turnstile;
  #released = false;

  /** @throws What ONNX Runtime says of the file. */
  static async open(
    owner: string,
    file: string,
    options: InferenceSession.SessionOptions | undefined,
    threads: number,
  ): Promise<ThreadedSessions> {
    const all = Array.from({ length: threads }, () => new SessionThread(owner, file, options));
    const loads = all.map((thread) => thread.load());
    try {
      const [metadata] = await Promise.all(loads);
      return new ThreadedSessions(owner, all, metadata!);
    } catch (error) {
      await Promise.allSettled(loads);
      await releaseAll(all);
      throw error;
    }
  }

  private constructor(owner: string, threads: readonly SessionThread[], metadata: Metadata) {
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

  /** Runs that have started end first; those that wait are turned away. */
  async release(): Promise<void> {
    this.#released = true;
    this.#turnstile.turnAway(this.#unavailable());
    await releaseAll(this.#threads);
  }

  async #runIn(
    thread: SessionThread,
    feeds: Readonly<Record<string, Tensor>>,
    fetches: readonly string[],
    { signal, ...call }: SessionCall,
  ): Promise<Record<string, Tensor>> {
    // Again: it may have waited.
    signal?.throwIfAborted();
    if (this.#released) throw this.#unavailable();
    return thread.run(feeds, fetches, call);
  }

  #unavailable(): ServingError {
    return new ServingError('Unavailable', `${this.#owner} is not loaded`);
  }
}

async function releaseAll(threads: readonly SessionThread[]): Promise<void> {
  await Promise.all(threads.map((thread) => thread.release()));
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
