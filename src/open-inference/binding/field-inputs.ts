import type { Call } from '../../endpoint/call.js';
import { pathText, type Path } from '../../json/index.js';
import { refusal, unexpected, type InferenceRequest, type Tensor } from '../tensors/index.js';
import { shapeText } from '../tensors/shape.js';
import type { Element } from './element-type.js';
import { fits, type FieldTensor } from './field-tensor.js';
import { rowPlace, rowsOf, type InputBinding, type Rows, type Sizes } from './input-binding.js';

/** Inputs whose every field is a tensor: a row of each tensor is the field of one input. */
export class FieldInputs implements InputBinding {
  readonly tensors: readonly FieldTensor[];
  readonly #byName: ReadonlyMap<string, FieldTensor>;

  constructor(tensors: readonly FieldTensor[]) {
    this.tensors = tensors;
    this.#byName = new Map(tensors.flatMap((field) => field.names.map((name) => [name, field])));
  }

  bind({ inputs }: InferenceRequest): Rows {
    if (inputs.length === 0) {
      throw refusal(['inputs'], `expected any of ${this.#names}, got none`);
    }
    const columns = inputs.map((tensor, index) => this.#column(tensor, index));
    const seen = new Set<FieldTensor>();
    columns.forEach(({ field }, index) => {
      if (seen.has(field)) throw refusal(['inputs', index, 'name'], 'expected each field once');
      seen.add(field);
    });
    const [count] = columns.map(({ rows }) => rows) as [number];
    const odd = columns.findIndex(({ rows }) => rows !== count);
    if (odd >= 0) {
      const expected = `expected ${count} rows, as inputs[0] has, got ${columns[odd]!.rows}`;
      throw refusal(['inputs', odd, 'shape'], expected);
    }
    return new FieldRows(count, columns, sizesOf(columns));
  }

  #column(tensor: Tensor, index: number): Column {
    const field = this.#byName.get(tensor.name);
    if (field === undefined) {
      throw unexpected(['inputs', index, 'name'], `one of ${this.#names}`, tensor.name);
    }
    if (tensor.datatype !== field.datatype) {
      throw unexpected(['inputs', index, 'datatype'], field.datatype, tensor.datatype);
    }
    const rest = tensor.shape.slice(1);
    const isFit = field.isList ? fits(rest, field.rowShape) : rest.every((size) => size === 1);
    if (!isFit || (field.isList && tensor.shape.length === 0)) {
      const shapes = field.isList ? shapeText(field.shape) : '[-1] or [-1, 1]';
      const got = shapeText(tensor.shape);
      throw refusal(['inputs', index, 'shape'], `expected ${shapes}, got ${got}`);
    }
    return new Column(field, tensor, index);
  }

  get #names(): string {
    return this.tensors.map(({ name }) => name).join(', ');
  }
}

/** The values of one field, in all rows. */
class Column {
  readonly field: FieldTensor;
  readonly index: number;
  readonly rows: number;
  readonly #elements: ArrayLike<Element>;
  /** Of a row. */
  readonly #shape: readonly number[];
  /** Elements of a row. */
  readonly #width: number;

  constructor(field: FieldTensor, tensor: Tensor, index: number) {
    this.field = field;
    this.index = index;
    this.rows = rowsOf(tensor);
    this.#shape = tensor.shape.slice(1);
    this.#elements = tensor.elements as ArrayLike<Element>;
    this.#width = this.rows === 0 ? 0 : this.#elements.length / this.rows;
  }

  /** Those of a row that a model has names for. */
  get namedSizes(): readonly (readonly [string, number])[] {
    const { declaredRow = [] } = this.field;
    return declaredRow.flatMap((name, index) =>
      typeof name === 'string' && name !== '' ? [[name, this.#shape[index]!] as const] : [],
    );
  }

  value(row: number): unknown {
    const { isList, type } = this.field;
    const width = this.#width;
    const start = row * width;
    if (!isList) return type.read(this.#elements[row]!) ?? this.#refuse(rowPlace(this.index, row));
    const elements = this.#elements;
    // One that grows costs half as much again.
    // oxlint-disable-next-line unicorn/no-new-array
    const values = new Array<unknown>(width);
    for (let i = 0; i < width; i++) {
      const value = type.read(elements[start + i]!);
      values[i] = value === undefined ? this.#refuse([...rowPlace(this.index, row), i]) : value;
    }
    return this.field.isNested ? nested(values, this.#shape) : values;
  }

  #refuse(place: Path): never {
    throw refusal(place, 'expected bytes that are UTF-8, got others');
  }
}

/** Flat values as lists of lists. */
function nested(values: readonly unknown[], shape: readonly number[]): readonly unknown[] {
  const [size = 0, ...rest] = shape;
  if (rest.length === 0) return values;
  const width = values.length / size;
  return Array.from({ length: size }, (_, i) =>
    nested(values.slice(i * width, (i + 1) * width), rest),
  );
}

/** Those about which the inputs are at one: some models name sizes alike that are not. */
function sizesOf(columns: readonly Column[]): Sizes {
  const told = columns.flatMap(({ namedSizes }) => namedSizes);
  const sizes = new Map(told);
  for (const [name, size] of told) if (sizes.get(name) !== size) sizes.delete(name);
  return sizes;
}

class FieldRows implements Rows {
  readonly count: number;
  readonly sizes: Sizes;
  readonly #columns: readonly Column[];

  constructor(count: number, columns: readonly Column[], sizes: Sizes) {
    this.count = count;
    this.sizes = sizes;
    this.#columns = columns;
  }

  read(part: Call, row: number): void {
    const input: Record<string, unknown> = {};
    for (const column of this.#columns) input[column.field.name] = column.value(row);
    part.input = input;
  }

  placeOf(path: string, row: number): string {
    for (const { field, index } of this.#columns) {
      const start = pathText([field.name]);
      // What follows it is the element of a list.
      const rest = path.startsWith(start) ? path.slice(start.length) : undefined;
      if (rest === '' || rest?.startsWith('[')) return `${pathText(rowPlace(index, row))}${rest}`;
    }
    return '$.inputs';
  }
}
