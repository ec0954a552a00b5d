import { integerOf } from './decimal.js';
import type { Path } from './path.js';
import { endOfString } from './string-literal.js';

/** Below, no integer is changed; above, none is of a 64-bit type. */
const LEAST = 2 ** 53;
const MOST = 2 ** 64;

/** The start of a string, or a number of at least 16 digits or with an exponent. */
const CANDIDATE = /"|-?\d[\d.]{15,}(?:[eE][+-]?\d+)?|-?\d[\d.]*[eE][+-]?\d+/g;

const DIGITS = /^-?\d+$/;

/**
 * The integers of a JSON text that parsing changed: `9007199254740993` becomes ...992, the nearest
 * number there is. They are found by parsing the text once more with these literals as strings.
 */
export class ChangedNumbers {
  readonly #marked: unknown;

  /** @param text valid JSON */
  constructor(text: string) {
    const marked = mark(text);
    this.#marked = marked === text ? undefined : JSON.parse(marked);
  }

  /** How the number at the end of the path was written, if parsing changed it. */
  literalAt(path: Path, length: number): string | undefined {
    let value: unknown = this.#marked;
    for (let i = 0; i < length; i++) {
      value = (value as Record<string | number, unknown> | undefined)?.[path[i] as string];
    }
    return typeof value === 'string' ? value : undefined;
  }
}

function mark(text: string): string {
  let marked = '';
  let copied = 0;
  CANDIDATE.lastIndex = 0;
  for (let match; (match = CANDIDATE.exec(text)) !== null;) {
    const [literal] = match;
    if (literal === '"') {
      CANDIDATE.lastIndex = endOfString(text, match.index);
    } else if (isChanged(literal)) {
      marked += `${text.slice(copied, match.index)}"${literal}"`;
      copied = CANDIDATE.lastIndex;
    }
  }
  return copied === 0 ? text : marked + text.slice(copied);
}

function isChanged(literal: string): boolean {
  const value = Number(literal);
  const size = Math.abs(value);
  if (size < LEAST || size > MOST) return false;
  // What is lost is less than half of this modulus, so that the last digits tell.
  if (DIGITS.test(literal)) return Number(literal.slice(-10)) !== size % 1e10;
  return integerOf(literal) !== BigInt(value);
}
