export {
  HEADER_LENGTH,
  readBinaryRequest,
  readHeaderLength,
  type ExpectedTensor,
} from './binary-request.js';
export { readRaw, writeRaw } from './binary-elements.js';
export { readJsonRequest } from './json-request.js';
export { refusal, unexpected } from './refusal.js';
export { writeResponse, type WrittenResponse } from './response.js';
export type {
  Datatype,
  Elements,
  InferenceRequest,
  InferenceResponse,
  Parameters,
  RequestedOutput,
  Tensor,
} from './tensor.js';
