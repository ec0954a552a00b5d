import { NO_BYTES } from '../../schema/base64.js';
import type { EnumModel, FieldModel, ValueModel } from '../../schema/index.js';
import type { Datatype } from '../tensors/index.js';
import { halfOf } from '../tensors/half.js';
import { JSON_ELEMENTS } from '../tensors/json-element.js';

/** An element of a tensor, as the tensors have it. */
export type Element = number | bigint | string | Uint8Array;

/** How the values of a field are elements of a tensor. */
export interface ElementType {
  readonly datatype: Datatype;
  /** What stands for a value that is not there; `undefined` where each has to be. */
  readonly blank: Element | undefined;
  /** An element as a value that the schema's reader takes; `undefined` for one that is no text. */
  read(element: Element): unknown;
  /** A canonical value as an element; `undefined` for one that is none, where no schema has looked. */
  write(value: unknown): Element | undefined;
}

/** `undefined` where a field has values that are no elements: messages, or keys beside them. */
export function elementTypeOf({ rule, value }: FieldModel): ElementType | undefined {
  return rule === 'map' ? undefined : typeOf(value);
}

function typeOf(value: ValueModel): ElementType | undefined {
  if (value.kind === 'wrapper') return typeOf(value.value);
  if (value.kind === 'enum') return value.enum.isNull ? undefined : enumType(value.enum);
  if (value.kind !== 'scalar') return undefined;
  switch (value.type) {
    case 'double':
      return floatType('FP64');
    case 'float':
      return floatType('FP32');
    case 'bool':
      return BOOL;
    case 'string':
      return STRING;
    case 'bytes':
      return BYTES;
    case 'int32':
    case 'sint32':
    case 'sfixed32':
      return integerType('INT32');
    case 'uint32':
    case 'fixed32':
      return integerType('UINT32');
    case 'int64':
    case 'sint64':
    case 'sfixed64':
      return longType('INT64');
    case 'uint64':
    case 'fixed64':
      return longType('UINT64');
  }
}

/**
 * The same for values of which no schema says more than their datatype: what is written is checked here.
 * Bytes are text.
 */
export function typeOfDatatype(datatype: Datatype): ElementType {
  const write = (value: unknown) => checkedElement(value, datatype);
  return { ...uncheckedType(datatype), blank: undefined, write };
}

function uncheckedType(datatype: Datatype): ElementType {
  switch (datatype) {
    case 'FP16':
    case 'BF16':
    case 'FP32':
    case 'FP64':
      return floatType(datatype);
    case 'INT64':
    case 'UINT64':
      return longType(datatype);
    case 'BOOL':
      return BOOL;
    case 'BYTES':
      return STRING;
    default:
      return integerType(datatype);
  }
}

/** Numbers that are not finite, by their text in the canonical form. */
const NOT_FINITE: Readonly<Record<string, number>> = {
  NaN,
  Infinity,
  '-Infinity': -Infinity,
};

function checkedElement(value: unknown, datatype: Datatype): Element | undefined {
  switch (datatype) {
    case 'FP16':
    case 'BF16': {
      const element = checkedElement(value, 'FP32') as number | undefined;
      if (!Number.isFinite(element)) return element;
      const half = halfOf(datatype)!;
      return Number.isFinite(half.fromBits(half.toBits(element!))) ? element : undefined;
    }
    case 'FP32':
    case 'FP64':
      if (typeof value === 'string' && Object.hasOwn(NOT_FINITE, value)) return NOT_FINITE[value];
      break;
    case 'BOOL':
      // As the bytes of a list have them.
      if (value === 0 || value === 1) return value;
      break;
  }
  return JSON_ELEMENTS[datatype].read(value);
}

/** What is not finite is text in the canonical form. */
function floatType(datatype: Datatype): ElementType {
  return {
    datatype,
    blank: 0,
    read: (element) => (Number.isFinite(element) ? element : String(element)),
    write: Number,
  };
}

function integerType(datatype: Datatype): ElementType {
  return { datatype, blank: 0, read: (element) => element, write: Number };
}

/** Text in the canonical form. */
function longType(datatype: Datatype): ElementType {
  return { datatype, blank: 0n, read: String, write: (value) => BigInt(value as string) };
}

const BOOL: ElementType = {
  datatype: 'BOOL',
  blank: 0,
  read: (element) => element !== 0,
  write: (value) => (value === true ? 1 : 0),
};

const STRING: ElementType = { datatype: 'BYTES', blank: '', read: textOf, write: String };

const BYTES: ElementType = {
  datatype: 'BYTES',
  blank: '',
  read(element) {
    if (typeof element !== 'string') return element;
    return element === '' ? NO_BYTES : Buffer.from(element);
  },
  write: (value) =>
    typeof value === 'string' ? Buffer.from(value, 'base64') : (value as Uint8Array),
};

/** By name; a number that has none, by that. */
function enumType({ spellings }: EnumModel): ElementType {
  return {
    datatype: 'BYTES',
    blank: String(spellings.get(0) ?? ''),
    read: textOf,
    write: String,
  };
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text that an element is; `undefined` where its bytes are none. */
function textOf(element: Element): string | undefined {
  if (typeof element === 'string') return element;
  try {
    return UTF8.decode(element as Uint8Array);
  } catch {
    return undefined;
  }
}
