/** A tensor as a model's file declares it; a name stands for a dimension of any size. */
export interface DeclaredTensor {
  readonly name: string;
  /** A type of ONNX Runtime's, such as `float32`. */
  readonly type: string;
  /** `undefined` where the model does not tell how many dimensions it has. */
  readonly shape: readonly (number | string)[] | undefined;
}

export interface DeclaredTensors {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
}

/** By this a model that is loaded tells what it takes and gives, whatever class it is of. */
export const DECLARED_TENSORS: unique symbol = Symbol.for('nestjs-model-serving:declared-tensors');
