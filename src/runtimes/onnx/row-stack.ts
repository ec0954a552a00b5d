import type { Tensor } from 'onnxruntime-node';
import type { Store } from './element-kind.js';
import { sizeOf, type ModelInput } from './model-input.js';
import type { TensorLike } from './tensor-like.js';

/** Rows of one input, written one after another into the memory of one `[rows, …]` tensor. */
export class RowStack {
  readonly #input: ModelInput;
  readonly #capacity: number;
  #rowDims: readonly number[] | undefined;
  #rowSize = 0;
  #store: Store | undefined;

  constructor(input: ModelInput, capacity: number) {
    this.#input = input;
    this.#capacity = capacity;
  }

  /**
   * Writes a row into `slot`, over what a refused row may have left there.
   * @returns false if the row's shape is not that of the rows before.
   * @throws OnnxInputError if the row does not fit the model.
   */
  write(slot: number, value: TensorLike): boolean {
    const dims = this.#input.dims(value, this.#input.shape.slice(1));
    if (slot === 0 || this.#store === undefined) {
      this.#rowDims = dims;
      this.#rowSize = sizeOf(dims);
      this.#store = this.#input.allocate(this.#capacity * this.#rowSize);
    } else if (dims.some((size, i) => size !== this.#rowDims![i])) {
      return false;
    }
    this.#input.write(value, dims, this.#store, slot * this.#rowSize);
    return true;
  }

  tensor(rows: number): Tensor {
    const length = rows * this.#rowSize;
    const store = this.#store!;
    return this.#input.wrap(
      Array.isArray(store) ? store.slice(0, length) : store.subarray(0, length),
      [rows, ...this.#rowDims!],
    );
  }
}
