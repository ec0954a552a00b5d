/**
 * One measured figure.
 *
 * @typedef {object} Figure
 * @property {number} value           The median of the rounds.
 * @property {'x' | '%' | 'ms' | 'MB' | '/s'} unit
 * @property {[number, number]} [range]  Smallest and largest value over the rounds.
 * @property {Target} [target]        Absent: reported only.
 */

/** @typedef {{ atLeast?: number, atMost?: number, below?: number }} Target  In the figure's unit. */

/**
 * One line of the result table. Every case returns an array of these.
 *
 * @typedef {object} Row
 * @property {string} case      Number of the case: '1', '1b', '6', …
 * @property {string} what      What was measured, in words.
 * @property {string} [against] What it was measured against, where the figures are ratios.
 * @property {Figure} [cpu]     Processor time, which other programs on the machine disturb least.
 * @property {Figure} [figure]  The rate, or what `what` names. Neither: it could not be measured.
 * @property {string} [note]    What a reader should know: the rates themselves, what was missing.
 * @property {object} [raw]     Everything behind the figures; goes to the JSON file only.
 */

/**
 * Whether a row reached its targets: true, false, or undefined where there is none to reach.
 *
 * @param {Row} row
 */
export function met({ cpu, figure }) {
  const aimed = [cpu, figure].filter((one) => one?.target);
  return aimed.length === 0 ? undefined : aimed.every(reached);
}

/** @param {Figure} figure */
function reached({ value, target: { atLeast = -Infinity, atMost = Infinity, below = Infinity } }) {
  return value >= atLeast && value <= atMost && value < below;
}
