import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ConfigurationError, InvalidRequest } from '../../errors/index.js';
import { modelFile } from '../model-file.js';
import { ModelInput } from './model-input.js';
import { OnnxInputError } from './onnx-input-error.js';
import { openSession } from './open-session.js';
import { RowStack } from './row-stack.js';
import type { Session, SessionCall } from './session.js';
import { splitRows } from './split-rows.js';
import type { Outputs, Rows, TensorLike } from './tensor-like.js';

export interface OnnxModelOptions {
  /**
   * Passed on to `InferenceSession.create`. Several processes on one machine should share its
   * cores: `{ intraOpNumThreads: 1 }`.
   */
  readonly session?: InferenceSession.SessionOptions;
  /**
   * Whether what is fed comes from clients unchanged: then a shape or a value that does not fit the
   * model is an `InvalidRequest`, a 400 that says what was expected, and not an `OnnxInputError`.
   * @default false
   */
  readonly clientInput?: boolean;
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

/** Values by the name of the model's input. */
export type OnnxFeeds = Readonly<Record<string, TensorLike>>;

interface Loaded {
  readonly session: Session;
  readonly inputs: readonly ModelInput[];
  /** The tensors among the model's outputs; ONNX Runtime cannot give others to JavaScript. */
  readonly outputs: readonly string[];
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
  #loaded: Loaded | undefined;

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
    await loaded?.session.release();
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
    const { inputs } = this.#use();
    this.#checkNames(feeds);
    const open = new Map<string, number>();
    const tensors: Record<string, Tensor> = {};
    try {
      for (const input of inputs) tensors[input.name] = input.tensor(feeds[input.name]!, open);
    } catch (error) {
      throw this.#blame(error);
    }
    // A tensor that the caller made stays the caller's.
    return this.#run(tensors, signal, (tensor) => !Object.values(feeds).includes(tensor));
  }

  /**
   * Runs the model on many items at once: stacks one row an item into `[rows, …]` tensors and splits
   * the outputs again. Fits an endpoint with `batch`: results come in the items' order, and an item
   * that does not fit the model has an error for its result and fails alone. Items of different
   * shapes, where the model leaves them open, run in one batch for each shape.
   *
   * The rows of a batch are views of one memory.
   *
   * @param items What one request feeds, without the batch dimension.
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
    const { inputs } = this.#use();
    const results: (Rows<O> | Error)[] = Array.from({ length: items.length });
    const stacks = inputs.map((input) => new RowStack(input, items.length));
    const batch: number[] = [];
    const otherShapes: number[] = [];
    items.forEach((item, i) => {
      try {
        this.#checkNames(item);
        const fits = stacks.every((stack, k) => stack.write(batch.length, item[inputs[k]!.name]!));
        (fits ? batch : otherShapes).push(i);
      } catch (error) {
        results[i] = this.#blame(error);
      }
    });
    if (batch.length > 0) {
      const tensors: Record<string, Tensor> = {};
      stacks.forEach((stack, k) => (tensors[inputs[k]!.name] = stack.tensor(batch.length)));
      const rows = splitRows(await this.#run(tensors, signal), batch.length);
      batch.forEach((item, row) => (results[item] = rows[row]!));
    }
    if (otherShapes.length > 0) {
      const rest = await this.runBatch(
        otherShapes.map((item) => items[item]!),
        { signal },
      );
      otherShapes.forEach((item, row) => (results[item] = rest[row]!));
    }
    return results;
  }

  onModuleInit(): Promise<void> {
    return this.load();
  }

  onApplicationShutdown(): Promise<void> {
    return this.release();
  }

  async #load(): Promise<void> {
    const session = await this.#open();
    try {
      this.#loaded = this.#describe(session);
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
        `${this.constructor.name}: expected file to be an ONNX model, got "${this.#file}" (${(cause as Error).message})`,
        { cause },
      );
    }
  }

  #describe(session: Session): Loaded {
    const inputs = session.inputMetadata.map((metadata) => {
      if (metadata.isTensor) return new ModelInput(metadata);
      throw new ConfigurationError(
        `${this.constructor.name}: expected every input of "${this.#file}" to be a tensor, got "${metadata.name}"`,
      );
    });
    const outputs = session.outputMetadata.filter(({ isTensor }) => isTensor);
    return { session, inputs, outputs: outputs.map(({ name }) => name) };
  }

  #use(): Loaded {
    if (this.#loaded) return this.#loaded;
    throw new Error(`${this.constructor.name}: "${this.#file}" is not loaded`);
  }

  async #run(
    tensors: Record<string, Tensor>,
    signal?: AbortSignal,
    mayMove: SessionCall['mayMove'] = () => true,
  ): Promise<Outputs<O>> {
    const { session, outputs } = this.#use();
    const result = await session.run(tensors, outputs, { signal, mayMove });
    signal?.throwIfAborted();
    return result as Outputs<O>;
  }

  #checkNames(feeds: OnnxFeeds): void {
    const { inputs } = this.#use();
    for (const { name } of inputs) {
      if (feeds[name] === undefined) throw new TypeError(`Input "${name}": expected a value`);
    }
    for (const name of Object.keys(feeds)) {
      if (inputs.some((input) => input.name === name)) continue;
      const known = inputs.map((input) => `"${input.name}"`).join(', ');
      throw new TypeError(`Input "${name}": the model has no such input, only ${known}`);
    }
  }

  #blame(error: unknown): Error {
    return error instanceof OnnxInputError && this.#options.clientInput
      ? new InvalidRequest(error.message, { cause: error })
      : (error as Error);
  }
}

function checkOptions(owner: string, options: OnnxModelOptions): OnnxModelOptions {
  ConfigurationError.refuseUnknown(owner, options, ['session', 'clientInput', 'threads']);
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
