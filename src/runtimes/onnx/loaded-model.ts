import { Tensor } from 'onnxruntime-node';
import { ConfigurationError } from '../../errors/index.js';
import type { DeclaredTensor, DeclaredTensors } from './declared-tensors.js';
import { widened } from './float16.js';
import { ItemRunner } from './item-runner.js';
import type { ItemRows } from './item-rows.js';
import { ModelInput } from './model-input.js';
import { planRows } from './row-plan.js';
import { scalarInputs } from './scalar-inputs.js';
import type { Session, SessionCall } from './session.js';
import { Signature, type OnnxFeeds } from './signature.js';

/** A session, with what its model takes and gives. */
export class LoadedModel {
  readonly tensors: DeclaredTensors;
  readonly #session: Session;
  readonly #signature: Signature;
  /** The tensors among the model's outputs; ONNX Runtime cannot give others to JavaScript. */
  readonly #outputs: readonly string[];
  readonly #runner: ItemRunner | ConfigurationError;

  private constructor(
    session: Session,
    signature: Signature,
    outputs: readonly DeclaredTensor[],
    runner: ItemRunner | ConfigurationError,
  ) {
    this.#session = session;
    this.#signature = signature;
    this.tensors = { inputs: signature.inputs, outputs };
    this.#outputs = outputs.map(({ name }) => name);
    this.#runner = runner;
  }

  /**
   * @param rows The user's word that first dimensions count rows.
   * @throws ConfigurationError in the name of `owner` for a model that cannot be run from JavaScript.
   */
  static async of(
    session: Session,
    owner: string,
    file: string,
    rows: boolean,
  ): Promise<LoadedModel> {
    const { inputMetadata, outputMetadata } = session;
    const unclear = inputMetadata.some((input) => input.isTensor && input.shape.length === 0);
    const scalars = unclear ? await scalarInputs(file) : new Set<string>();
    const inputs = inputMetadata.map((metadata) => {
      if (metadata.isTensor) return new ModelInput(metadata, scalars);
      throw new ConfigurationError(
        `${owner}: expected every input of "${file}" to be a tensor, got "${metadata.name}"`,
      );
    });
    const outputs = outputMetadata.filter((output) => output.isTensor);
    if (outputs.length === 0) {
      const names = outputMetadata.map(({ name }) => `"${name}"`).join(', ');
      throw new ConfigurationError(
        `${owner}: expected an output of "${file}" to be a tensor, got only ${names}`,
      );
    }
    const signature = new Signature(inputs);
    const plan = await planRows(session, inputs, outputs, rows);
    return new LoadedModel(
      session,
      signature,
      outputs,
      'refusal' in plan
        ? new ConfigurationError(`${owner}: ${plan.refusal}`)
        : new ItemRunner(signature, plan),
    );
  }

  async run(
    feeds: OnnxFeeds,
    refusal: (error: unknown) => Error,
    signal?: AbortSignal,
  ): Promise<Record<string, Tensor>> {
    let tensors: Record<string, Tensor>;
    try {
      tensors = this.#signature.tensors(feeds);
    } catch (error) {
      throw refusal(error);
    }
    // A tensor that the caller made stays the caller's, and so does one of its memory.
    const mayMove = (tensor: Tensor) =>
      !Object.values(feeds).some(
        (value) => value instanceof Tensor && memory(value) === memory(tensor),
      );
    return this.#run(tensors, { signal, mayMove });
  }

  async runItems(
    items: readonly OnnxFeeds[],
    refusal: (error: unknown) => Error,
    signal?: AbortSignal,
  ): Promise<(ItemRows | Error)[]> {
    if (this.#runner instanceof ConfigurationError) throw this.#runner;
    return this.#runner.runAll(
      items,
      ({ feeds, own }) => this.#run(feeds, { signal, mayMove: (tensor) => own.has(tensor) }),
      refusal,
      signal,
    );
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  async #run(tensors: Record<string, Tensor>, call: SessionCall): Promise<Record<string, Tensor>> {
    const outputs = await this.#session.run(tensors, this.#outputs, call);
    call.signal?.throwIfAborted();
    return widened(outputs);
  }
}

function memory({ data }: Tensor): unknown {
  return Array.isArray(data) ? data : data.buffer;
}
