import { digitsUpTo, positiveDigitsUpTo } from './digits.js';
import type { JsonSchema } from './json-schema.js';

/*
 * What is a text in JSON and yet no string of the schema: bytes, times, field masks. `input` is as a
 * client may write it, `output` the canonical form.
 */

interface TextSchema {
  readonly input: JsonSchema;
  readonly output: JsonSchema;
}

/** In either alphabet, padded or not; what follows the first `=` counts for nothing. */
const ANY_BASE64 = '^([A-Za-z0-9+/_-]{4})*([A-Za-z0-9+/_-]{2,3}=|([A-Za-z0-9+/_-]{2,3})?$)';
/** The bits of the last character that no byte uses are zero. */
const STANDARD_BASE64 =
  '^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$';

export const BYTES: TextSchema = {
  input: { type: 'string', pattern: ANY_BASE64, contentEncoding: 'base64' },
  output: { type: 'string', pattern: STANDARD_BASE64, contentEncoding: 'base64' },
};

const ANY_FRACTION = '([.][0-9]{1,9})?';
/** Of three, six or nine digits, of which the last three are not zero together. */
const FRACTION = '[.]([0-9]{3}){0,2}([1-9][0-9]{2}|[0-9][1-9][0-9]|[0-9]{2}[1-9])';

const YEAR = '(000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})';
const LEAP_YEAR = '([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)';
const DAY =
  '((01|03|05|07|08|10|12)-(0[1-9]|[12][0-9]|3[01])|(04|06|09|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))';
const DATE = `(${YEAR}-${DAY}|${LEAP_YEAR}-02-29)`;
const TIME = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]';
const OFFSET = '([01][0-9]|2[0-3]):[0-5][0-9]';
/** The last day before the year 1 is one of it further east. */
const DAY_BEFORE = `0000-12-31T${TIME}${ANY_FRACTION}-${OFFSET}`;

export const TIMESTAMP: TextSchema = {
  input: {
    type: 'string',
    format: 'date-time',
    pattern: `^(${DATE}T${TIME}${ANY_FRACTION}(Z|[+-]${OFFSET})|${DAY_BEFORE})$`,
  },
  output: { type: 'string', format: 'date-time', pattern: `^${DATE}T${TIME}(${FRACTION})?Z$` },
};

/** Ten thousand years. */
const MOST_SECONDS = '315576000000';

export const DURATION: TextSchema = {
  input: {
    type: 'string',
    pattern: `^-?0*(${digitsUpTo(MOST_SECONDS)})${ANY_FRACTION}s$`,
  },
  output: {
    type: 'string',
    pattern: `^(0|-?(${positiveDigitsUpTo(MOST_SECONDS)})(${FRACTION})?|-?0${FRACTION})s$`,
  },
};

const MASK: JsonSchema = { type: 'string', pattern: '^[^_]*$' };

export const FIELD_MASK: TextSchema = { input: MASK, output: MASK };
