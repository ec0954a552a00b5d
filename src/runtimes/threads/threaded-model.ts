import { fileURLToPath, pathToFileURL } from 'node:url';
import type { MessagePort } from 'node:worker_threads';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { ConfigurationError, ServingError } from '../../errors/index.js';
import { carryContext } from '../../tracing/registered-sdk.js';
import { loadFailure, modelFile } from '../model-file.js';
import {
  fillOptions,
  type FilledOptions,
  type ThreadedModelOptions,
} from './threaded-model-options.js';
import { ThreadPool } from './thread-pool.js';
import { streamFrom } from './thread-stream.js';
import { failureOf, revive } from './thrown.js';
import { Turnstile } from './turnstile.js';

const HOST = fileURLToPath(new URL('./host.mjs', import.meta.url));

/** Options of one call of a {@link ThreadedModel}. */
export interface ThreadedRunOptions {
  /** Ends the call when aborted: one that runs takes its thread with it, which is replaced. */
  readonly signal?: AbortSignal;
  /** Moved to the thread, not copied. */
  readonly transferList?: readonly (ArrayBuffer | MessagePort)[];
}

/**
 * A provider that runs a module in worker threads, so that a model which computes in JavaScript
 * leaves the event loop free. The file's default export is called with the input and returns the
 * output or a promise of it; both are copied between threads, as by `structuredClone`. Where it is a
 * generator, {@link stream} gives what it yields.
 *
 * Threads start, and load the file, when the app starts; they end when it has stopped serving. A
 * thread that dies fails its own call only, and is replaced. An error that the file throws arrives
 * with its name, message and stack; one named `InvalidRequest` is an `InvalidRequest`, a 400.
 *
 * Give the endpoint a `maxConcurrency` of `maxThreads`: then requests wait in its queue, which
 * knows their deadlines and shows in its metrics.
 *
 * @example
 * ```ts
 * // sentiment.worker.mjs: export default function predict(text) { … return score; }
 * @Injectable()
 * class SentimentModel extends ThreadedModel<string, number> {
 *   constructor() {
 *     super(new URL('./sentiment.worker.mjs', import.meta.url), { maxThreads: 4 });
 *   }
 * }
 *
 * const score = await model.run(text, { signal: context.signal });
 * ```
 */
export class ThreadedModel<Input = unknown, Output = unknown>
  implements OnModuleInit, OnApplicationShutdown
{
  readonly #name = this.constructor.name;
  readonly #file: string;
  readonly #options: FilledOptions;
  readonly #turnstile: Turnstile;
  readonly #pool: ThreadPool;
  #loading: Promise<void> | undefined;
  /** Milliseconds a call takes, averaged over the last ones. */
  #duration = 0;

  /**
   * @param file JavaScript as Node itself can load it: a `file:` URL, or a path from the working
   * directory.
   * @throws ConfigurationError for a wrong file or option.
   */
  constructor(file: string | URL, options: ThreadedModelOptions = {}) {
    this.#file = modelFile(this.#name, file);
    this.#options = fillOptions(this.#name, options);
    const { maxThreads, minThreads, idleTimeout, resourceLimits, workerData } = this.#options;
    this.#turnstile = new Turnstile(maxThreads);
    this.#pool = new ThreadPool(this.#name, {
      filename: HOST,
      argv: [pathToFileURL(this.#file).href],
      minThreads,
      maxThreads,
      idleTimeout,
      resourceLimits,
      workerData,
    });
  }

  /**
   * Starts the threads, once. Nest does it at start; await it in an `onModuleInit` that needs the
   * model.
   * @throws ConfigurationError, naming the file, if a thread cannot load it.
   */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Ends the threads and what they run. Nest does it once HTTP has drained. */
  async close(): Promise<void> {
    // A loading that this cuts short is no failure that somebody has to handle.
    const loading = this.#loading?.catch(() => undefined);
    this.#loading = undefined;
    this.#turnstile.turnAway(new ServingError('Unavailable', `${this.#name} is not loaded`));
    await this.#pool.close();
    await loading;
  }

  /**
   * Calls the file's default export in a thread.
   * @throws What it throws; the signal's reason if that is aborted; `ServingError` `QueueFull` if
   * `maxQueue` calls wait already, `Unavailable` if it is not loaded; an `Error` if the thread dies or the input cannot be copied.
   */
  async run(input: Input, { signal, transferList }: ThreadedRunOptions = {}): Promise<Output> {
    await this.#enter(signal);
    const start = performance.now();
    try {
      const call = { signal, transferList: transferList as ArrayBuffer[] | undefined };
      return (await this.#pool.run({ input, trace: carryContext() }, call)) as Output;
    } catch (error) {
      throw signal?.aborted ? signal.reason : revive(error, this.#name);
    } finally {
      this.#leave(start);
    }
  }

  /**
   * Calls the file's default export in a thread, where it is an async generator, or another that returns an
   * iterable, and gives what it yields, each item as it is asked for: nothing is computed ahead. It keeps its
   * thread until it has ended. Who stops asking ends it, by `return()` of its iterator, and its `finally`
   * runs; `signal`, aborted while an item is being made, ends it with its thread.
   * @throws As {@link run} does.
   * @example
   * ```ts
   * // story.worker.mjs: export default async function* (prompt) { … yield word; }
   * async *predict({ prompt }: Prompt, { signal }: PredictContext) {
   *   for await (const word of this.model.stream(prompt, { signal })) yield { word };
   * }
   * ```
   */
  async *stream(
    input: Input,
    { signal, transferList = [] }: ThreadedRunOptions = {},
  ): AsyncGenerator<Output, void, void> {
    await this.#enter(signal);
    const start = performance.now();
    try {
      yield* streamFrom(this.#pool, input, signal, transferList) as AsyncGenerator<Output, void>;
    } catch (error) {
      throw signal?.aborted ? signal.reason : revive(error, this.#name);
    } finally {
      this.#leave(start);
    }
  }

  onModuleInit(): Promise<void> {
    return this.load();
  }

  onApplicationShutdown(): Promise<void> {
    return this.close();
  }

  /** Waits for a thread; `#leave` gives it back. */
  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    this.#checkLoaded();
    if (this.#turnstile.isFull && this.#turnstile.waiting >= this.#options.maxQueue) {
      throw new ServingError('QueueFull', `${this.#name}: too many calls wait for a thread`, {
        retryAfter: this.#expectedWait(),
      });
    }
    await this.#turnstile.enter(signal);
    if (this.#loading === undefined) this.#turnstile.leave();
    // Again, lest a call that waited starts threads nobody would end.
    this.#checkLoaded();
  }

  #leave(start: number): void {
    this.#duration += (performance.now() - start - this.#duration) / 8;
    this.#turnstile.leave();
  }

  async #load(): Promise<void> {
    try {
      await this.#pool.load();
    } catch (cause) {
      throw new ConfigurationError(
        `${this.#name}: expected file to be a module that a worker thread can run, got "${this.#file}" (${loadFailure(this.#file, failureOf(cause))})`,
        { cause },
      );
    }
  }

  #checkLoaded(): void {
    if (this.#loading === undefined) {
      throw new ServingError('Unavailable', `${this.#name} is not loaded`);
    }
  }

  /** In whole seconds, 1 to 30. */
  #expectedWait(): number {
    const rounds = this.#turnstile.waiting / this.#options.maxThreads;
    return Math.min(30, Math.max(1, Math.ceil((rounds * this.#duration) / 1000)));
  }
}
