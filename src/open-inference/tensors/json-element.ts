import { decodeBase64 } from '../../schema/base64.js';
import { isWellFormed } from '../../schema/report.js';
import type { Datatype } from './tensor.js';

/** How an element of a datatype is written in JSON. */
export interface JsonElement {
  readonly expected: string;
  /** The element that a value is; `undefined` where it is none. */
  read(value: unknown): number | bigint | string | Uint8Array | undefined;
}

/** Of 16-bit floats JSON has no form. */
export type JsonDatatype = Exclude<Datatype, 'FP16' | 'BF16'>;

export const JSON_ELEMENTS: Readonly<Record<JsonDatatype, JsonElement>> = {
  BOOL: {
    expected: 'true or false',
    read: (value) => (typeof value === 'boolean' ? Number(value) : undefined),
  },
  UINT8: integer(0, 2 ** 8 - 1),
  UINT16: integer(0, 2 ** 16 - 1),
  UINT32: integer(0, 2 ** 32 - 1),
  UINT64: longInteger(0n, 2n ** 64n - 1n),
  INT8: integer(-(2 ** 7), 2 ** 7 - 1),
  INT16: integer(-(2 ** 15), 2 ** 15 - 1),
  INT32: integer(-(2 ** 31), 2 ** 31 - 1),
  INT64: longInteger(-(2n ** 63n), 2n ** 63n - 1n),
  FP32: float('FP32', Math.fround),
  FP64: float('FP64', (value) => value),
  BYTES: {
    expected: 'a string without unpaired surrogates',
    read: (value) => (typeof value === 'string' && isWellFormed(value) ? value : undefined),
  },
};

/** BYTES that are not text. */
export const BASE64_ELEMENT: JsonElement = {
  expected: 'a string of base64',
  read: (value) => (typeof value === 'string' ? decodeBase64(value) : undefined),
};

function integer(least: number, most: number): JsonElement {
  return {
    expected: `an integer from ${least} to ${most}`,
    read: (value) =>
      Number.isInteger(value) && (value as number) >= least && (value as number) <= most
        ? (value as number)
        : undefined,
  };
}

const DECIMAL = /^-?\d{1,20}$/;

function longInteger(least: bigint, most: bigint): JsonElement {
  return {
    expected: `an integer from ${least} to ${most}`,
    read(value) {
      const isInteger = typeof value === 'string' ? DECIMAL.test(value) : Number.isInteger(value);
      if (!isInteger) return undefined;
      const whole = BigInt(value as number | string);
      return whole >= least && whole <= most ? whole : undefined;
    },
  };
}

function float(name: string, nearest: (value: number) => number): JsonElement {
  return {
    expected: `a number that fits into ${name}`,
    read: (value) =>
      typeof value === 'number' && Number.isFinite(nearest(value)) ? value : undefined,
  };
}
