import type { Tensor } from 'onnxruntime-node';
import type { ModelInput } from './model-input.js';
import { OnnxInputError } from './onnx-input-error.js';
import type { TensorLike } from './tensor-like.js';

/** Values by the name of the model's input. */
export type OnnxFeeds = Readonly<Record<string, TensorLike>>;

/** What a model takes. */
export class Signature {
  readonly inputs: readonly ModelInput[];
  readonly #names: ReadonlySet<string>;

  constructor(inputs: readonly ModelInput[]) {
    this.inputs = inputs;
    this.#names = new Set(inputs.map(({ name }) => name));
  }

  /** @throws OnnxInputError, which says what the model takes, for a missing and an unknown input. */
  check(feeds: OnnxFeeds): void {
    // What comes from clients unchanged may be anything.
    const given: OnnxFeeds = feeds ?? {};
    for (const { name } of this.inputs) {
      if (Object.hasOwn(given, name) && given[name] !== undefined) continue;
      throw new OnnxInputError(name, `expected a value; the model takes ${this}`);
    }
    for (const name of Object.keys(given)) {
      if (this.#names.has(name)) continue;
      throw new OnnxInputError(name.slice(0, 40), `the model has no such input; it takes ${this}`);
    }
  }

  /** What is fed whole. */
  tensors(feeds: OnnxFeeds): Record<string, Tensor> {
    this.check(feeds);
    const open = new Map<string, number>();
    const tensors: Record<string, Tensor> = {};
    for (const input of this.inputs) tensors[input.name] = input.tensor(feeds[input.name]!, open);
    return tensors;
  }

  toString(): string {
    return this.inputs.join(', ') || 'none';
  }
}
