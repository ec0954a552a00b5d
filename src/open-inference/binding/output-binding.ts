import type { Answer } from '../../endpoint/answer.js';
import type { Tensor } from '../tensors/index.js';
import type { TensorMetadata } from './field-tensor.js';
import type { Sizes } from './input-binding.js';

/** How the answers of an endpoint become tensors, a row each. */
export interface OutputBinding {
  readonly tensors: readonly TensorMetadata[];
  find(name: string): TensorMetadata | undefined;
  /**
   * @param name what the client calls it
   * @param sizes what the inputs tell of those that are open
   * @throws {ServingError} `InvalidAnswer` for answers that are no rows of one tensor
   */
  write(tensor: TensorMetadata, name: string, answers: readonly Answer[], sizes: Sizes): Tensor;
}
