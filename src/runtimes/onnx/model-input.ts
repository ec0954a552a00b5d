import { inspect } from 'node:util';
import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { ELEMENT_KINDS, type ElementKind, type Store } from './element-kind.js';
import { OnnxInputError } from './onnx-input-error.js';
import { isFlat, isTypedArray, type TensorLike } from './tensor-like.js';

/** A shape as models declare it: a number, or the name (possibly empty) of an open dimension. */
export type Shape = readonly (number | string)[];

/** One input of a model: what it takes, and how a handler's values become its tensor. */
export class ModelInput {
  readonly name: string;
  readonly type: Tensor.Type;
  readonly shape: Shape;
  /** Undefined for a type that is only taken as a ready tensor. */
  readonly #kind: ElementKind | undefined;

  constructor({ name, type, shape }: InferenceSession.TensorValueMetadata) {
    this.name = name;
    this.type = type;
    this.shape = shape;
    this.#kind = ELEMENT_KINDS[type];
  }

  /** `open` collects the sizes of named dimensions, which all inputs of a run share. */
  tensor(value: TensorLike, open: Map<string, number>): Tensor {
    const dims = this.dims(value, this.shape);
    this.shape.forEach((expected, i) => {
      if (typeof expected !== 'string' || expected === '') return;
      const size = open.get(expected) ?? dims[i]!;
      if (size !== dims[i]) {
        this.#refuse(`expected dimension "${expected}" to be ${size} as before, got ${dims[i]}`);
      }
      open.set(expected, size);
    });
    if (value instanceof Tensor) return value;
    const store = this.allocate(sizeOf(dims));
    this.write(value, dims, store, 0);
    return this.wrap(store, dims);
  }

  allocate(length: number): Store {
    const kind = this.#kind ?? this.#refuse(`expected an ort.Tensor of type ${this.type}`);
    return kind.allocate(length);
  }

  wrap(store: Store, dims: readonly number[]): Tensor {
    return new Tensor(this.type, store as Tensor.DataType, dims);
  }

  /** The dimensions of `value`, which must fit `shape`: that of the input, or of one row of it. */
  dims(value: TensorLike, shape: Shape): readonly number[] {
    if (value instanceof Tensor && value.type !== this.type) {
      this.#refuse(`expected a tensor of type ${this.type}, got ${value.type}`);
    }
    const dims = value instanceof Tensor ? value.dims : nesting(value);
    // ONNX Runtime reports a scalar and an unknown rank alike, and checks the former itself.
    if (this.shape.length === 0) return dims;
    if (dims.length === shape.length) {
      const fits = dims.every((size, i) => typeof shape[i] === 'string' || size === shape[i]);
      return fits ? dims : this.#misfit(shape, dims);
    }
    if (value instanceof Tensor || dims.length > 1) this.#misfit(shape, dims);
    return this.#unflatten(sizeOf(dims), shape) ?? this.#misfit(shape, dims);
  }

  /** Copies `value`, whose dimensions are `dims`, to `store` from `offset` on. */
  write(value: TensorLike, dims: readonly number[], store: Store, offset: number): void {
    if (value instanceof Tensor) {
      this.#copy(value.data as ArrayLike<unknown>, store, offset, []);
    } else if (Array.isArray(value) && !isFlat(value)) {
      this.#copyNested(value, dims, store, offset, []);
    } else {
      this.#copy(isArrayLike(value) ? value : [value], store, offset, []);
    }
  }

  #copyNested(
    value: TensorLike,
    dims: readonly number[],
    store: Store,
    offset: number,
    at: readonly number[],
  ): void {
    const length = isArrayLike(value) ? value.length : 0;
    if (length !== dims[at.length]) {
      this.#refuse(
        `expected ${dims[at.length]} values${place(at)}, as in its siblings, got ${isArrayLike(value) ? length : cut(value)}`,
      );
    }
    if (at.length === dims.length - 1) {
      this.#copy(value as ArrayLike<unknown>, store, offset, at);
      return;
    }
    const size = sizeOf(dims.slice(at.length + 1));
    (value as readonly TensorLike[]).forEach((child, i) =>
      this.#copyNested(child, dims, store, offset + i * size, [...at, i]),
    );
  }

  #copy(source: ArrayLike<unknown>, store: Store, offset: number, at: readonly number[]): void {
    const misfit = this.#kind!.copy(source, store, offset);
    if (misfit >= 0) {
      this.#refuse(
        `expected ${this.#kind!.expected}${place([...at, misfit])}, got ${cut(source[misfit])}`,
      );
    }
  }

  /** The dimensions of flat values; undefined if their number does not settle them. */
  #unflatten(length: number, shape: Shape): number[] | undefined {
    const open = shape.filter((size) => typeof size === 'string').length;
    const known = sizeOf(shape.filter((size) => typeof size === 'number'));
    const rest = length / known;
    if (open > 1 || length === 0 || !Number.isInteger(rest) || (open === 0 && rest !== 1)) {
      return undefined;
    }
    return shape.map((size) => (typeof size === 'number' ? size : rest));
  }

  #misfit(shape: Shape, dims: readonly number[]): never {
    const names = shape.map((size) => size || '?').join(', ');
    this.#refuse(`expected shape [${names}], got [${dims.join(', ')}]`);
  }

  #refuse(problem: string): never {
    throw new OnnxInputError(this.name, problem);
  }
}

export function sizeOf(dims: readonly number[]): number {
  return dims.reduce((size, dim) => size * dim, 1);
}

/** The lengths of nested arrays, read along their first elements. */
function nesting(value: TensorLike): number[] {
  const dims: number[] = [];
  let level: unknown = value;
  while (isArrayLike(level)) {
    dims.push(level.length);
    level = Array.isArray(level) ? level[0] : undefined;
  }
  return dims;
}

function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || isTypedArray(value);
}

function place(at: readonly number[]): string {
  return at.length === 0 ? '' : ` at [${at.join(', ')}]`;
}

function cut(value: unknown): string {
  return inspect(value, {
    depth: 0,
    maxStringLength: 40,
    maxArrayLength: 4,
    breakLength: Infinity,
  });
}
