import type { Answer } from '../../endpoint/answer.js';
import { ServingError } from '../../errors/index.js';
import { answerValue } from '../../json/index.js';
import { decodeBase64 } from '../../schema/base64.js';
import { describe } from '../../schema/report.js';
import { NUMERIC, type NumericElements } from '../tensors/datatypes.js';
import { refusal, type Elements, type Tensor } from '../tensors/index.js';
import type { Element } from './element-type.js';
import type { FieldTensor } from './field-tensor.js';
import type { Sizes } from './input-binding.js';
import type { OutputBinding } from './output-binding.js';

type Members = Readonly<Record<string, unknown>>;

type List = readonly unknown[] | Uint8Array;

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

  write(field: FieldTensor, name: string, answers: readonly Answer[], sizes: Sizes): Tensor {
    const { datatype } = field;
    // What a model gives is a list, also of one element.
    const isList = field.isList || this.#areDeclared;
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
    const rest = isList ? rowShapeOf(field, width, rows.length, sizes) : [];
    return { name, datatype, shape: [rows.length, ...rest], elements: elementsOf(field, lists) };
  }

  #valueOf({ name }: FieldTensor, answer: unknown): unknown {
    // A field may be called what every object has, such as `constructor`.
    const isThere = isObject(answer) && Object.hasOwn(answer, name);
    const value = isThere ? (answer as Members)[name] : undefined;
    if (!this.#areDeclared) return value;
    // A number is a list of one.
    if (isThere) return typeof value === 'number' ? [answerValue(value)] : answerValue(value);
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
function listOf({ datatype, isNested }: FieldTensor, row: unknown): List {
  if (row === undefined || row === null) return [];
  // The canonical form of a list of bytes is base64.
  const isOfBytes = datatype === 'UINT8' || datatype === 'BOOL';
  if (isOfBytes && typeof row === 'string') return decodeBase64(row) ?? [row];
  if (!Array.isArray(row)) return [row];
  return isNested ? row.flat(Infinity) : row;
}

/** @throws {ServingError} `InvalidAnswer` */
function elementOf({ name, type }: FieldTensor, value: unknown): Element {
  const element = value === undefined || value === null ? type.blank : type.write(value);
  if (element !== undefined) return element;
  throw new ServingError(
    'InvalidAnswer',
    `Expected the elements of ${name} to be of ${type.datatype}, got ${describe(value)}`,
  );
}

/** The elements of all rows, which are of one length. */
function elementsOf(field: FieldTensor, rows: readonly List[]): Elements {
  const { datatype } = field;
  const count = rows.reduce((sum, { length }) => sum + length, 0);
  const elements: Element[] | NumericElements =
    datatype === 'BYTES' ? [] : new NUMERIC[datatype].Array(count);
  let at = 0;
  for (const row of rows)
    for (const value of row) elements[at++] = elementOf(field, value) as never;
  return elements as Elements;
}

/**
 * The shape that a list of so many elements has: of several open sizes, inputs tell all but one.
 *
 * @throws {InvalidRequest} where they are not among those of the request
 */
function rowShapeOf(
  { name, rowShape, declaredRow = [] }: FieldTensor,
  width: number,
  rows: number,
  sizes: Sizes,
): readonly number[] {
  const isClear = rowShape.indexOf(-1) === rowShape.lastIndexOf(-1);
  const told = rowShape.map((size, index) => {
    return size !== -1 || isClear ? size : (sizes.get(String(declaredRow[index])) ?? -1);
  });
  if (told.indexOf(-1) !== told.lastIndexOf(-1)) {
    const names = declaredRow.filter((size) => typeof size === 'string' && !sizes.has(size));
    throw refusal(
      ['inputs'],
      `expected those that tell ${names.join(' and ')} of the output ${name}, got others`,
    );
  }
  // Of no rows there is no length either.
  if (rows === 0) return told.map((size) => Math.max(size, 0));
  const open = told.indexOf(-1);
  const known = told.reduce((product, size) => (size === -1 ? product : product * size), 1);
  const rest = width / Math.max(known, 1);
  const shape = told.map((size, index) => (index === open ? rest : size));
  const isWhole = shape.every((size) => Number.isInteger(size) && size >= 0);
  const count = shape.reduce((product, size) => product * size, 1);
  if (isWhole && count === width) return shape;
  throw new ServingError(
    'InvalidAnswer',
    `Expected ${name} to have the elements of shape [${rowShape.join(', ')}], got ${width}`,
  );
}
