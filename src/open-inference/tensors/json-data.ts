import { isUtf8 } from 'node:buffer';
import { pathText, viewedBytes, type Path } from '../../json/index.js';
import { InvalidRequest } from '../../errors/index.js';
import { BINARY_DATA } from './parameters.js';
import type { Tensor } from './tensor.js';

/** The elements of a tensor as a list in JSON. */
export interface JsonData {
  readonly text: string;
  /** Whether BYTES are base64 in it. */
  readonly isBase64: boolean;
}

/**
 * Writes elements as JSON: 64-bit integers that numbers cannot say as strings, BYTES as text, or in base64
 * where any of them is none.
 *
 * @param wantsBase64 whether BYTES are to be in base64 in any case
 * @throws {InvalidRequest} for what JSON has no form for: its client has to ask for binary data
 */
export function writeJsonData(tensor: Tensor, wantsBase64: boolean, place: Path): JsonData {
  const { datatype, elements } = tensor;
  switch (datatype) {
    case 'BYTES':
      return writeBytes(elements as readonly (string | Uint8Array)[], wantsBase64);
    case 'FP16':
    case 'BF16':
      throw notJson(place, datatype);
    case 'FP32':
    case 'FP64': {
      const wrong = (elements as Float64Array).findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) throw notJson([...place, wrong], String(elements[wrong]));
      break;
    }
    case 'BOOL':
      return bare(JSON.stringify(Array.from(elements as Uint8Array, Boolean)));
    case 'INT64':
    case 'UINT64':
      return bare(`[${Array.from(elements as BigInt64Array, longText).join(',')}]`);
  }
  // Of a list it takes half as long as joining a typed array.
  return bare(JSON.stringify(Array.from(elements as Float64Array)));
}

function bare(text: string): JsonData {
  return { text, isBase64: false };
}

/** A number beyond 2^53 would lose digits in most parsers. */
function longText(value: bigint): string {
  return Number.isSafeInteger(Number(value)) ? String(value) : `"${value}"`;
}

function writeBytes(elements: readonly (string | Uint8Array)[], wantsBase64: boolean): JsonData {
  const isBase64 = wantsBase64 || !elements.every(isText);
  const encoding = isBase64 ? 'base64' : 'utf8';
  const texts = elements.map((element) => {
    if (typeof element !== 'string') return viewedBytes(element).toString(encoding);
    return isBase64 ? Buffer.from(element).toString(encoding) : element;
  });
  return { text: JSON.stringify(texts), isBase64 };
}

function isText(element: string | Uint8Array): boolean {
  return typeof element === 'string' || isUtf8(element);
}

function notJson(place: Path, what: string): InvalidRequest {
  const path = pathText(place);
  const message = `expected a request for ${BINARY_DATA}, as JSON has no form for ${what}`;
  return new InvalidRequest(`Cannot write ${path.slice('$.'.length)}: ${message}`, {
    details: [{ path, message }],
  });
}
