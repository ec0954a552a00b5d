import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ConfigurationError, InvalidRequest } from '../../errors/index.js';
import { loadFailure, modelFile } from '../model-file.js';
import { DECLARED_TENSORS, type DeclaredTensors } from './declared-tensors.js';
import { LoadedModel } from './loaded-model.js';
import { OnnxInputError } from './onnx-input-error.js';
import { openSession } from './open-session.js';
import type { Session } from './session.js';
import type { OnnxFeeds } from './signature.js';
import type { Outputs, Rows } from './tensor-like.js';

/** Options of {@link OnnxModel}. */
export interface OnnxModelOptions {
  /**
   * Passed on to `InferenceSession.create`. Several processes on one machine should share its
   * cores: `{ intraOpNumThreads: 1 }`.
   * @default ONNX Runtime's own, which computes on all cores
   */
  readonly session?: InferenceSession.SessionOptions;
  /**
   * Whether what is fed comes from clients unchanged: then an input that is missing or unknown, a
   * shape or a value that does not fit the model is an `InvalidRequest`, a 400 that says what was
   * expected, and not an `OnnxInputError`.
   * @default false
   */
  readonly clientInput?: boolean;
  /**
   * Your word that the first dimension of the model's inputs and outputs counts rows, each made of
   * its own input row alone, where the model's file does not show it. Of a model of fixed size, such
   * as `[8, 3]`, `runBatch` then runs 8 items at a time and fills up the last run.
   * @default false
   */
  readonly rows?: boolean;
  /**
   * Worker threads that compute, each with a session of its own and one run at a time; further runs
   * wait. Needs the package `piscina`. With 0 the model computes on the event loop's thread, which
   * is cheaper for runs below some milliseconds, and keeps everything else waiting meanwhile.
   *
   * Session options are copied to the threads, so they may hold no functions. Each thread holds the
   * model's weights; two cores for two threads want `{ session: { intraOpNumThreads: 1 } }`.
   * @default 0
   */
  readonly threads?: number;
}

/**
 * A provider that holds an ONNX model: loaded when the app starts, released when it has stopped
 * serving. `O` names the outputs and their types.
 *
 * ONNX Runtime computes on the event loop's thread. Batch requests to keep that short; a model that
 * takes more than some milliseconds belongs into worker threads, see {@link OnnxModelOptions.threads}.
 *
 * @example
 * ```ts
 * @Injectable()
 * class IrisModel extends OnnxModel<{ probabilities: 'float32' }> {
 *   constructor() {
 *     super(new URL('./iris.onnx', import.meta.url));
 *   }
 * }
 *
 * const { probabilities } = await model.run({ features: [[5.1, 3.5, 1.4, 0.2]] });
 * probabilities.data; // Float32Array(3)
 * ```
 */
export class OnnxModel<O extends Record<string, Tensor.Type> = Record<string, Tensor.Type>>
  implements OnModuleInit, OnApplicationShutdown
{
  readonly #file: string;
  readonly #options: OnnxModelOptions;
  #loading: Promise<void> | undefined;
  #loaded: LoadedModel | undefined;

  /**
   * @param file The model: a `file:` URL, or a path from the working directory.
   * @throws ConfigurationError for anything else, and for an unknown option.
   */
  constructor(file: string | URL, options: OnnxModelOptions = {}) {
    this.#file = modelFile(this.constructor.name, file);
    this.#options = checkOptions(this.constructor.name, options);
  }

  /**
   * Loads the model, once. Nest does it at start; await it in an `onModuleInit` that needs the model.
   * @throws ConfigurationError, naming the file, if it is no model that ONNX Runtime can run.
   */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Frees the model's memory. Nest does it once HTTP has drained. */
  async release(): Promise<void> {
    await this.#loading?.catch(() => undefined);
    const loaded = this.#loaded;
    this.#loaded = undefined;
    this.#loading = undefined;
    await loaded?.release();
  }

  /**
   * Runs the model once on whole inputs, as it declares them.
   *
   * A run that has started cannot be stopped. `signal` keeps one from starting, and rejects with its
   * reason if it was aborted meanwhile: with `threads` at once, while the thread goes on to its end.
   *
   * @throws OnnxInputError (or `InvalidRequest`, see {@link OnnxModelOptions.clientInput}) if the
   * feeds do not fit the model.
   */
  async run(feeds: OnnxFeeds, { signal }: { signal?: AbortSignal } = {}): Promise<Outputs<O>> {
    signal?.throwIfAborted();
    return (await this.#use().run(feeds, this.#refusal, signal)) as Outputs<O>;
  }

  /**
   * Runs the model on many items: stacks one row an item into `[rows, …]` tensors and splits the
   * outputs again. Fits an endpoint with `batch`: results come in the items' order, and an item that
   * does not fit the model has an error for its result and fails alone.
   *
   * Items share a run where the model shows that its outputs have a row for each of them: by one
   * name for the first dimension of all inputs and outputs, or, where names are missing, by runs of
   * zeros with 2 and 3 rows at load. Otherwise they run one by one, as they do where that dimension
   * is fixed to 1. Items of different shapes, where the model leaves them open, or of different
   * values for an input without rows (a scalar, a matrix of fixed size) have a run for each.
   *
   * The rows of a run are views of one memory; those of type bool are booleans.
   *
   * @param items What one request feeds: for each input its row, without the batch dimension, or all
   * of it where it has none.
   * @throws ConfigurationError if the model's first dimension is fixed above 1, without
   * {@link OnnxModelOptions.rows}.
   * @example
   * ```ts
   * const rows = await model.runBatch(inputs.map(({ features }) => ({ features })));
   * return rows.map((row) => (row instanceof Error ? row : { probabilities: row.probabilities }));
   * ```
   */
  async runBatch(
    items: readonly OnnxFeeds[],
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<(Rows<O> | Error)[]> {
    signal?.throwIfAborted();
    return (await this.#use().runItems(items, this.#refusal, signal)) as (Rows<O> | Error)[];
  }

  /** What the loaded model takes and gives. */
  get [DECLARED_TENSORS](): DeclaredTensors | undefined {
    return this.#loaded?.tensors;
  }

  onModuleInit(): Promise<void> {
    return this.load();
  }

  onApplicationShutdown(): Promise<void> {
    return this.release();
  }

  async #load(): Promise<void> {
    const session = await this.#open();
    const { rows = false } = this.#options;
    try {
      this.#loaded = await LoadedModel.of(session, this.constructor.name, this.#file, rows);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  async #open(): Promise<Session> {
    const { session, threads = 0 } = this.#options;
    try {
      return await openSession(this.constructor.name, this.#file, session, threads);
    } catch (cause) {
      if (cause instanceof ConfigurationError) throw cause;
      throw new ConfigurationError(
        `${this.constructor.name}: expected file to be an ONNX model, got "${this.#file}" (${loadFailure(this.#file, (cause as Error).message)})`,
        { cause },
      );
    }
  }

  #use(): LoadedModel {
    if (this.#loaded) return this.#loaded;
    throw new Error(`${this.constructor.name}: "${this.#file}" is not loaded`);
  }

  readonly #refusal = (error: unknown): Error =>
    error instanceof OnnxInputError && this.#options.clientInput
      ? new InvalidRequest(error.message, { cause: error })
      : (error as Error);
}

function checkOptions(owner: string, options: OnnxModelOptions): OnnxModelOptions {
  ConfigurationError.refuseUnknown(owner, options, ['session', 'clientInput', 'rows', 'threads']);
  const { session, threads = 0 } = options;
  if (!Number.isInteger(threads) || threads < 0) {
    throw ConfigurationError.expected(owner, 'threads', 'a whole number of at least 0', threads);
  }
  if (threads > 0) {
    try {
      structuredClone(session);
    } catch {
      const expected = 'options that can be copied to a thread';
      throw ConfigurationError.expected(owner, 'session', expected, session);
    }
  }
  return options;
}
