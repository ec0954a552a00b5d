import { inspectThrown } from '../errors/index.js';

/** Characters of a text that a line of the log may hold. */
const LONGEST = 1_000;
/** Lines of a stack, with those of its causes. */
const MOST_LINES = 200;

/** What ends a line, moves a terminal's cursor, turns the direction of a text or stands for nothing. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * A text for one line of the log. Messages quote what clients sent, who would write lines of their own
 * into the log, or fill it: control characters are escaped, and what is too long is cut.
 */
export function logText(text: unknown, longest = LONGEST): string {
  const whole = asText(text);
  const cut = whole.length > longest ? `${whole.slice(0, longest)}…` : whole;
  return cut.replace(UNSAFE, escaped);
}

/**
 * What was thrown, with its stack and causes, as lines of which each but the first is indented: what a
 * message in it holds cannot be taken for a line of the log's own.
 */
export function logStack(thrown: unknown): string {
  const lines = asText(thrown).split('\n', MOST_LINES);
  return lines.map((line) => logText(line)).join('\n    ');
}

/** JavaScript gives anything for a message, also what no text can be made of. */
function asText(value: unknown): string {
  return typeof value === 'string' ? value : inspectThrown(value);
}

function escaped(character: string): string {
  const json = JSON.stringify(character).slice(1, -1);
  return json === character ? `\\u{${character.codePointAt(0)!.toString(16)}}` : json;
}
