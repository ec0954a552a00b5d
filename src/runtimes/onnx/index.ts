export { fromFloat16 } from './float16.js';
export type { Outputs, Rows, TensorLike, TypedArray } from './tensor-like.js';
export { OnnxInputError } from './onnx-input-error.js';
export { OnnxModel, type OnnxModelOptions } from './onnx-model.js';
export type { OnnxFeeds } from './signature.js';
