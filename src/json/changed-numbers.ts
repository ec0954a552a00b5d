import { wholeNumberAt } from './decimal.js';
import type { Path } from './path.js';

/** Below, no integer is changed; above, none is of a 64-bit type. */
const LEAST = 2 ** 53;
const MOST = 2 ** 64;

/** The digits of {@link LEAST}, and the characters of the shortest changed literal, `922337205e10`. */
const LEAST_DIGITS = 16;
const LEAST_LENGTH = 12;

const QUOTE = 34;
const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
const BACKSLASH = 92;
/** In lower case. */
const E = 101;

/**
 * The integers of a JSON text that parsing changed: `9007199254740993` becomes ...992, the nearest
 * number there is. They are found by parsing the text once more, in which each of these literals is
 * overwritten by a string of its length that says where it stands.
 */
export class ChangedNumbers {
  readonly #text: Buffer;
  readonly #marked: unknown;

  /** @param text valid JSON in UTF-8, without a byte order mark */
  constructor(text: Buffer) {
    this.#text = text;
    const marked = mark(text);
    this.#marked = marked === undefined ? undefined : JSON.parse(marked.toString());
  }

  /** How the number at the end of the path was written, if parsing changed it. */
  literalAt(path: Path, length: number): string | undefined {
    let value: unknown = this.#marked;
    for (let i = 0; i < length; i++) {
      value = (value as Record<string | number, unknown> | undefined)?.[path[i] as string];
    }
    if (typeof value !== 'string') return undefined;
    const start = parseInt(value, 36);
    return this.#text.toString('latin1', start, start + value.length + 2);
  }
}

/** A copy with the changed literals overwritten; undefined where there are none. */
function mark(text: Buffer): Buffer | undefined {
  let marked: Buffer | undefined;
  for (let index = 0; index < text.length; index++) {
    const byte = text[index]!;
    if (byte === QUOTE) {
      index = closeOfString(text, index);
    } else if (isDigit(byte) || byte === MINUS) {
      const start = index;
      while (isDigit(text[index + 1])) index++;
      const whole = index + 1 - start;
      let scientific = false;
      while (isOfNumber(text[index + 1])) {
        index++;
        if ((text[index]! | 32) === E) scientific = true;
      }
      const length = index + 1 - start;
      const mayBeLarge = scientific ? length >= LEAST_LENGTH : whole >= LEAST_DIGITS;
      if (!mayBeLarge || !isChanged(text, start, index + 1)) continue;
      marked ??= Buffer.from(text);
      marked.write(`"${start.toString(36).padEnd(length - 2)}"`, start, 'latin1');
    }
  }
  return marked;
}

function closeOfString(text: Buffer, open: number): number {
  let index = open + 1;
  for (; text[index] !== QUOTE; index++) {
    if (text[index] === BACKSLASH) index++;
  }
  return index;
}

function isDigit(byte: number | undefined): boolean {
  return byte! >= ZERO && byte! <= NINE;
}

function isOfNumber(byte: number | undefined): boolean {
  return isDigit(byte) || byte === POINT || (byte! | 32) === E || byte === PLUS || byte === MINUS;
}

function isChanged(text: Buffer, start: number, end: number): boolean {
  const whole = wholeNumberAt(text, start, end);
  const size = whole?.nearest ?? Math.abs(Number(text.toString('latin1', start, end)));
  return size >= LEAST && size <= MOST && whole?.isNumber !== true;
}
