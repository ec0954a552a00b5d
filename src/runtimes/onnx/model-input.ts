import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { ELEMENT_KINDS, type ElementKind, type Store } from './element-kind.js';
import { float16Bits, float16Tensor } from './float16.js';
import { cut, isArrayLike, lengthsOf, place, ragged } from './nesting.js';
import { OnnxInputError } from './onnx-input-error.js';
import { shown, sizeOf, type Shape } from './shape.js';
import type { TensorLike } from './tensor-like.js';

/** The sizes of named dimensions, which all inputs of a run share. */
export type OpenDimensions = Map<string, number>;

/** One input of a model: what it takes, and how a handler's values become its tensor. */
export class ModelInput {
  readonly name: string;
  readonly type: Tensor.Type;
  /** Undefined where the model does not tell the rank. */
  readonly shape: Shape | undefined;
  /** Undefined for a type that is only taken as a ready tensor. */
  readonly #kind: ElementKind | undefined;

  constructor(
    { name, type, shape }: InferenceSession.TensorValueMetadata,
    scalars: ReadonlySet<string>,
  ) {
    this.name = name;
    this.type = type;
    this.shape = shape.length > 0 || scalars.has(name) ? shape : undefined;
    this.#kind = ELEMENT_KINDS[type];
  }

  /** What it takes, in words. */
  toString(): string {
    return `"${this.name}" ${this.type}${this.shape ? ` ${shown(this.shape)}` : ''}`;
  }

  tensor(value: TensorLike, open: OpenDimensions): Tensor {
    const dims = this.dims(value, this.shape, open);
    if (value instanceof Tensor && value.type === this.type && this.type !== 'string') {
      return this.type === 'float16' ? this.wrap(float16Bits(value), dims) : value;
    }
    const store = this.allocate(sizeOf(dims));
    this.write(value, store, 0);
    return this.wrap(store, dims);
  }

  allocate(length: number): Store {
    const kind = this.#kind ?? this.refuse(`expected an ort.Tensor of type ${this.type}`);
    return kind.allocate(length);
  }

  wrap(store: Store, dims: readonly number[]): Tensor {
    return store instanceof Uint16Array && this.type === 'float16'
      ? float16Tensor(store, dims)
      : new Tensor(this.type, store as Tensor.DataType, dims);
  }

  /**
   * The dimensions of `value`, which holds all of their elements and fits `shape`: that of the
   * input, or of one row of it.
   */
  dims(value: TensorLike, shape: Shape | undefined, open: OpenDimensions): readonly number[] {
    const dims = this.#dims(value, shape);
    shape?.forEach((expected, i) => {
      if (typeof expected !== 'string' || expected === '') return;
      const size = open.get(expected) ?? dims[i]!;
      if (size !== dims[i]) {
        this.refuse(`expected dimension "${expected}" to be ${size} as before, got ${dims[i]}`);
      }
      open.set(expected, size);
    });
    return dims;
  }

  /** Copies the elements of `value`, whose dimensions have been found, to `store` from `offset` on. */
  write(value: TensorLike, store: Store, offset: number): void {
    if (value instanceof Tensor) {
      const source = value.type === 'float16' ? float16Bits(value) : value.data;
      this.#copy(source as ArrayLike<unknown>, store, offset, []);
    } else {
      this.#copyNested(value, lengthsOf(value), store, offset, []);
    }
  }

  refuse(problem: string): never {
    throw new OnnxInputError(this.name, problem);
  }

  #dims(value: TensorLike, shape: Shape | undefined): readonly number[] {
    if (value instanceof Tensor) {
      // A float16 output is handed out as float32, and a model's state comes in as it went out.
      const widened = this.type === 'float16' && value.type === 'float32';
      if (value.type !== this.type && !widened) {
        this.refuse(`expected a tensor of type ${this.type}, got ${value.type}`);
      }
      return shape === undefined || fits(value.dims, shape)
        ? value.dims
        : this.#misfit(shape, value.dims);
    }
    const lengths = lengthsOf(value);
    const dims = shape === undefined ? lengths : this.#shaped(lengths, shape);
    const problem = ragged(value, lengths);
    return problem === undefined ? dims : this.refuse(problem);
  }

  #shaped(lengths: readonly number[], shape: Shape): readonly number[] {
    if (fits(lengths, shape)) return lengths;
    if (lengths.at(-1) === 0 && fits(lengths, shape.slice(0, lengths.length))) {
      // Brackets cannot say what stands inside of nothing: `[]` is no row of whatever size.
      return [...lengths, ...shape.slice(lengths.length).map((size) => Number(size) || 0)];
    }
    // A declared scalar takes no vector, not even of one, though ONNX Runtime would broadcast it.
    if (lengths.length > 1 || this.shape?.length === 0) this.#misfit(shape, lengths);
    return unflatten(sizeOf(lengths), shape) ?? this.#misfit(shape, lengths);
  }

  #copyNested(
    value: unknown,
    lengths: readonly number[],
    store: Store,
    offset: number,
    at: readonly number[],
  ): void {
    if (at.length >= lengths.length - 1) {
      this.#copy(isArrayLike(value) ? value : [value], store, offset, at);
      return;
    }
    const size = sizeOf(lengths.slice(at.length + 1));
    (value as readonly unknown[]).forEach((child, i) =>
      this.#copyNested(child, lengths, store, offset + i * size, [...at, i]),
    );
  }

  #copy(source: ArrayLike<unknown>, store: Store, offset: number, at: readonly number[]): void {
    const misfit = this.#kind!.copy(source, store, offset);
    if (misfit >= 0) {
      const got = source[misfit];
      this.refuse(
        `expected ${this.#kind!.expected(got)}${place([...at, misfit])}, got ${cut(got)}`,
      );
    }
  }

  #misfit(shape: Shape, dims: readonly number[]): never {
    this.refuse(`expected shape ${shown(shape)}, got ${shown(dims)}`);
  }
}

/** The dimensions of flat values; undefined if their number does not settle them. */
function unflatten(length: number, shape: Shape): number[] | undefined {
  const open = shape.filter((size) => typeof size === 'string').length;
  const known = sizeOf(shape.filter((size) => typeof size === 'number'));
  const rest = length / known;
  if (open > 1 || length === 0 || !Number.isInteger(rest) || (open === 0 && rest !== 1)) {
    return undefined;
  }
  return shape.map((size) => (typeof size === 'number' ? size : rest));
}

function fits(dims: readonly number[], shape: Shape): boolean {
  return (
    dims.length === shape.length &&
    dims.every((size, i) => typeof shape[i] === 'string' || size === shape[i])
  );
}
