import type { Call } from '../../endpoint/call.js';
import type { Path } from '../../json/index.js';
import type { InferenceRequest, Tensor } from '../tensors/index.js';
import type { TensorMetadata } from './field-tensor.js';

/** How the tensors of a request become inputs of an endpoint. */
export interface InputBinding {
  readonly tensors: readonly TensorMetadata[];
  /** @throws {InvalidRequest} that names the place, for tensors that the model does not take */
  bind(request: InferenceRequest): Rows;
}

/** The sizes of dimensions, by the names that a model has for them. */
export type Sizes = ReadonlyMap<string, number>;

/** The inputs of a request, one a row. */
export interface Rows {
  readonly count: number;
  /** What its tensors tell, alike for all rows. */
  readonly sizes: Sizes;
  /** @throws {InvalidRequest} */
  read(part: Call, row: number): void;
  /** Where in the request stands what is at a path such as `$.pixels[3]` in the input of a row. */
  placeOf(path: string, row: number): string;
}

/** The place of a tensor's row, whatever is wrong with it. */
export function rowPlace(index: number, row: number): Path {
  return ['inputs', index, 'data', row];
}

/** The rows of a tensor, which its first dimension counts; a scalar is one. */
export function rowsOf({ shape }: Tensor): number {
  return shape[0] ?? 1;
}
