import type { Path } from '../../json/index.js';
import { checkCount } from '../tensors/shape.js';
import { NUMERIC } from '../tensors/datatypes.js';
import {
  refusal,
  unexpected,
  type Datatype,
  type Elements,
  type Tensor,
} from '../tensors/index.js';

/** The lists of elements in a message, 64-bit integers and infinities as text. */
export type InferContents = Readonly<Record<string, readonly unknown[]>>;

interface List {
  readonly key: string;
  /** As the .proto calls it. */
  readonly name: string;
}

function list(type: string): List {
  return { key: `${type}Contents`, name: `${type}_contents` };
}

/** Which list the elements of a datatype stand in; 16-bit floats have none. */
const LISTS: Readonly<Partial<Record<Datatype, List>>> = {
  BOOL: list('bool'),
  UINT8: list('uint'),
  UINT16: list('uint'),
  UINT32: list('uint'),
  UINT64: list('uint64'),
  INT8: list('int'),
  INT16: list('int'),
  INT32: list('int'),
  INT64: list('int64'),
  FP32: list('fp32'),
  FP64: list('fp64'),
  BYTES: list('bytes'),
};

/**
 * @param place of the tensor
 * @throws {InvalidRequest}
 */
export function readContents(
  contents: InferContents,
  datatype: Datatype,
  shape: readonly number[],
  place: Path,
): Elements {
  const at = [...place, 'contents'];
  const own = LISTS[datatype];
  if (own === undefined) {
    throw refusal(at, `expected ${datatype} in raw_input_contents, got contents`);
  }
  const other = Object.keys(contents).find((key) => key !== own.key);
  if (other !== undefined) {
    throw refusal(at, `expected ${own.name} for ${datatype}, got elements of another type`);
  }
  const values = contents[own.key] ?? [];
  const inList = [...at, own.name];
  checkCount(values.length, shape, inList);
  if (datatype === 'BYTES') return values as Uint8Array[];
  // What a message has as text is read as its type's: infinities, NaN, 64-bit integers.
  const elements = new NUMERIC[datatype].Array(values as never);
  if (NUMERIC[datatype].width < 4 && datatype !== 'BOOL')
    checkRange(elements, values, datatype, inList);
  return elements;
}

/** The narrow integers come as those of 32 bits. */
function checkRange(
  elements: Elements,
  values: readonly unknown[],
  datatype: Datatype,
  place: Path,
): void {
  const wrong = values.findIndex((value, index) => value !== elements[index]);
  if (wrong >= 0) throw unexpected([...place, wrong], `an integer of ${datatype}`, values[wrong]);
}

/** The lists of a tensor; `undefined` where there are none for its datatype. */
export function writeContents({ datatype, elements }: Tensor): InferContents | undefined {
  const own = LISTS[datatype];
  if (own === undefined) return undefined;
  return { [own.key]: valuesOf(datatype, elements) };
}

function valuesOf(datatype: Datatype, elements: Elements): readonly unknown[] {
  switch (datatype) {
    case 'BOOL':
      return Array.from(elements as Uint8Array, Boolean);
    case 'INT64':
    case 'UINT64':
      return Array.from(elements as BigInt64Array, String);
    case 'BYTES':
      return (elements as readonly (string | Uint8Array)[]).map((element) =>
        typeof element === 'string' ? Buffer.from(element) : element,
      );
    default:
      return elements as unknown as readonly number[];
  }
}
