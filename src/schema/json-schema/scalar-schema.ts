import { INTEGERS } from '../integer.js';
import { MAX_FLOAT, type ScalarName } from '../scalar.js';
import { integerInput, integerKeyPattern, integerOutput } from './integer-schema.js';
import type { JsonSchema } from './json-schema.js';
import type { Wording } from './wording.js';
import { BYTES } from './text-schema.js';

/** Whether it is within the range of a type is not said of a number in a string. */
const NUMERIC = '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?';
const NON_FINITE = 'NaN|-?Infinity';

export function scalarSchema(type: ScalarName, { direction, side }: Wording): JsonSchema {
  switch (type) {
    case 'bool':
      return { type: 'boolean' };
    case 'string':
      return { type: 'string' };
    case 'bytes':
      return BYTES[direction];
    case 'double':
    case 'float': {
      const text = direction === 'input' ? `${NON_FINITE}|${NUMERIC}` : NON_FINITE;
      const range = type === 'float' && { minimum: -MAX_FLOAT, maximum: MAX_FLOAT };
      return {
        anyOf: [
          { type: 'number', ...range },
          { type: 'string', pattern: `^(${text})$` },
        ],
      };
    }
    default:
      return direction === 'input' ? integerInput(type, side === 'response') : integerOutput(type);
  }
}

/** What a map's keys are: nothing is said of texts. */
export function keySchema(type: ScalarName, { direction }: Wording): JsonSchema | undefined {
  if (type === 'bool') return { enum: ['true', 'false'] };
  if (!(type in INTEGERS)) return undefined;
  return { pattern: integerKeyPattern(type as keyof typeof INTEGERS, direction === 'output') };
}

/** Whether it takes more than a line, so that fields share its definition. */
export function isLong(type: ScalarName, { direction }: Wording): boolean {
  if (type === 'bool' || type === 'string') return false;
  return direction === 'input' || !(type in INTEGERS) || INTEGERS[type as 'int32'].long;
}
