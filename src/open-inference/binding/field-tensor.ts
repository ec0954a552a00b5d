import type { OpenInferenceTensors } from '../../endpoint/endpoint-options.js';
import { ConfigurationError } from '../../errors/index.js';
import type { FieldModel, ValueModel } from '../../schema/index.js';
import type { Datatype } from '../tensors/index.js';
import { elementTypeOf, type ElementType } from './element-type.js';

/** A tensor as a model describes it; a dimension of -1 may be of any size. */
export interface TensorMetadata {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
}

/** A field of a message as a tensor, whose first dimension counts rows. */
export interface FieldTensor extends TensorMetadata {
  /** All names that a client may use. */
  readonly names: readonly string[];
  readonly type: ElementType;
  /** Whether a row is a list. */
  readonly isList: boolean;
  /** Whether it is a list of lists, as its shape says, where the handler sees it. */
  readonly isNested: boolean;
  /** What there is of a row, without the first dimension. */
  readonly rowShape: readonly number[];
  /** The same as a model declares it, where its shape is from there. */
  readonly declaredRow?: DeclaredRow | undefined;
}

/** Sizes, or the names of those that are open: equal names are equal sizes, an empty one tells nothing. */
export type DeclaredRow = readonly (number | string)[];

/** Shapes by the name of a field. */
export type Shapes = NonNullable<OpenInferenceTensors['inputs']>;

/**
 * The fields of a message as tensors; `undefined` where any of them cannot be one, or it has no fields.
 *
 * @param owner whose message it is, and `option` where its shapes are, for messages
 * @param declared the shapes of rows that hold where nobody says otherwise
 * @throws {ConfigurationError} for a shape that is none, or of what has none
 */
export function fieldTensors(
  model: ValueModel | undefined,
  shapes: Shapes,
  owner: string,
  option: string,
  declared: ReadonlyMap<string, DeclaredRow>,
): readonly FieldTensor[] | undefined {
  const fields = model?.kind === 'message' ? model.message.fields : [];
  const types = fields.map(elementTypeOf);
  const areTensors = fields.length > 0 && types.every((type) => type !== undefined);
  const unused = new Set(Object.keys(shapes));
  const tensors = areTensors
    ? fields.map((field, index) => {
        const name = field.spellings.find((spelling) => unused.delete(spelling));
        const declaredRow = name === undefined ? rowOf(field, declared) : undefined;
        const shape =
          name === undefined
            ? declaredRow && [-1, ...openRow(declaredRow)]
            : (shapes[name]?.shape ?? null);
        const tensor = tensorOf(field, types[index]!, shape, owner, `${option}.${name}.shape`);
        return { ...tensor, declaredRow };
      })
    : undefined;
  const [name] = unused;
  if (name === undefined) return tensors;
  const names = tensors?.map((tensor) => tensor.name).join(', ');
  throw ConfigurationError.expected(
    owner,
    option,
    names === undefined
      ? 'left out beside a message whose fields are no tensors'
      : `among its fields ${names}`,
    name,
  );
}

function rowOf(
  { rule, spellings }: FieldModel,
  declared: ReadonlyMap<string, DeclaredRow>,
): DeclaredRow | undefined {
  const name = rule === 'repeated' && spellings.find((spelling) => declared.has(spelling));
  return name ? declared.get(name) : undefined;
}

/** A row as a shape, where open sizes have no names. */
export function openRow(row: DeclaredRow): number[] {
  return row.map((size) => (typeof size === 'number' ? size : -1));
}

function tensorOf(
  { key, spellings, rule }: FieldModel,
  type: ElementType,
  given: unknown,
  owner: string,
  option: string,
): FieldTensor {
  const isList = rule === 'repeated';
  const rowShape = given === undefined ? (isList ? [-1] : []) : rowShapeOf(given, owner, option);
  if (!isList && rowShape.some((size) => size !== 1)) {
    const expected = 'left out, or [-1], for a field that is no list';
    throw ConfigurationError.expected(owner, option, expected, given);
  }
  const { datatype } = type;
  const shape = [-1, ...rowShape];
  return { name: key, names: spellings, datatype, shape, type, isList, isNested: false, rowShape };
}

function rowShapeOf(given: unknown, owner: string, option: string): readonly number[] {
  const isDimension = (size: unknown) =>
    size === -1 || (Number.isSafeInteger(size) && Number(size) > 0);
  if (Array.isArray(given) && given.every(isDimension)) {
    return given[0] === -1 ? given.slice(1) : given;
  }
  throw ConfigurationError.expected(owner, option, 'a list of dimensions from 1, or -1', given);
}

/** Whether a shape is one that another allows. */
export function fits(shape: readonly number[], allowed: readonly number[]): boolean {
  return (
    shape.length === allowed.length &&
    allowed.every((size, index) => size === -1 || size === shape[index])
  );
}
