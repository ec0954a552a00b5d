/**
 * One line of the result table. Every case returns an array of these.
 *
 * @typedef {object} Row
 * @property {string} case      Number in the table of cases: '1', '1b', '6', …
 * @property {string} what      What was measured, in words.
 * @property {number | null} value  The measured value; null when it could not be measured.
 * @property {'x' | '%' | 'ms' | 'MB' | '/s'} unit
 * @property {[number, number]} [spread]  Smallest and largest value over the rounds.
 * @property {{ atLeast?: number, atMost?: number, below?: number }} [target]  In `unit`; absent: reported only.
 * @property {string} [note]    What a reader should know: best rates, what was missing.
 * @property {object} [raw]     Everything behind the value; goes to the JSON file only.
 */

/**
 * Whether a row reached its target: true, false, or undefined where there is none to reach.
 *
 * @param {Row} row
 */
export function met({ value, target }) {
  if (!target) return undefined;
  if (value === null) return undefined;
  const { atLeast = -Infinity, atMost = Infinity, below = Infinity } = target;
  return value >= atLeast && value <= atMost && value < below;
}
