import type { Answer } from '../../endpoint/answer.js';
import { ServingError } from '../../errors/index.js';
import { NUMERIC, type NumericElements } from '../tensors/datatypes.js';
import type { Elements, Tensor } from '../tensors/index.js';
import type { Element } from './element-type.js';
import { fits, type FieldTensor } from './field-tensor.js';
import type { OutputBinding } from './output-binding.js';

type Members = Readonly<Record<string, unknown>>;

/** Answers whose every field is a tensor. */
export class FieldOutputs implements OutputBinding {
  readonly tensors: readonly FieldTensor[];

  readonly #areDeclared: boolean;

  /** @param areDeclared whether they are what a model declares, and no schema has checked the answers */
  constructor(tensors: readonly FieldTensor[], areDeclared: boolean) {
    this.tensors = tensors;
    this.#areDeclared = areDeclared;
  }

  find(name: string): FieldTensor | undefined {
    return this.tensors.find(({ names }) => names.includes(name));
  }

  write(field: FieldTensor, name: string, answers: readonly Answer[]): Tensor {
    const { datatype, isList } = field;
    const rows = answers.map(({ value }) => this.#valueOf(field, value));
    const lists = isList ? rows.map((row) => listOf(field, row)) : rows.map((row) => [row]);
    const width = lists[0]?.length ?? 0;
    const odd = lists.findIndex((list) => list.length !== width);
    if (odd >= 0) {
      throw new ServingError(
        'InvalidAnswer',
        `Expected ${field.name} to be as long in all rows of a request, got ${width} elements in row 0 and ${lists[odd]!.length} in row ${odd}`,
      );
    }
    const rest = isList ? rowShapeOf(field, width, rows.length) : [];
    return { name, datatype, shape: [rows.length, ...rest], elements: elementsOf(field, lists) };
  }

  #valueOf({ name }: FieldTensor, answer: unknown): unknown {
    // A field may be called what every object has, such as `constructor`.
    if (isObject(answer) && Object.hasOwn(answer, name)) return (answer as Members)[name];
    if (!this.#areDeclared) return undefined;
    throw new ServingError(
      'InvalidAnswer',
      `Expected an answer without a schema to have the model's output ${name}`,
    );
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** A row as a flat list. What is no list counts as one of a single element. */
function listOf({ isNested }: FieldTensor, row: unknown): readonly unknown[] {
  if (row === undefined || row === null) return [];
  if (!Array.isArray(row)) return [row];
  return isNested ? row.flat(Infinity) : row;
}

function elementOf({ type }: FieldTensor, value: unknown): Element {
  return value === undefined || value === null ? type.blank : type.write(value);
}

/** The elements of all rows, which are of one length. */
function elementsOf(field: FieldTensor, rows: readonly (readonly unknown[])[]): Elements {
  const { datatype } = field;
  const count = rows.reduce((sum, { length }) => sum + length, 0);
  const elements: Element[] | NumericElements =
    datatype === 'BYTES' ? [] : new NUMERIC[datatype].Array(count);
  let at = 0;
  for (const row of rows)
    for (const value of row) elements[at++] = elementOf(field, value) as never;
  return elements as Elements;
}

/** The shape that a list of so many elements has. */
function rowShapeOf(
  { name, rowShape }: FieldTensor,
  width: number,
  rows: number,
): readonly number[] {
  const open = rowShape.indexOf(-1);
  const known = rowShape.reduce((product, size) => (size === -1 ? product : product * size), 1);
  // Of no rows there is no length either.
  const shape = rowShape.map((size, index) => (index === open ? width / known : size));
  const isWhole = shape.every(Number.isInteger) && fits(shape, rowShape);
  const count = shape.reduce((product, size) => product * size, 1);
  if (rows === 0) return rowShape.map((size) => Math.max(size, 0));
  if (isWhole && count === width) return shape;
  throw new ServingError(
    'InvalidAnswer',
    `Expected ${name} to have the elements of shape [${rowShape.join(', ')}], got ${width}`,
  );
}
