import { endOfString } from './string-literal.js';

/** A shorter text is parsed in a millisecond or two, however deep it is. */
const SHORT = 65_536;
/** Of so many characters one opens a level in what is parsed slower than other text. */
const DENSE = 8;

/**
 * Whether a text, which may be no JSON at all, is nested so deep that it is not worth parsing: the
 * parser takes its time for each level, and memory too, before it sees that nothing closes them.
 *
 * True is certain. False is not: only long texts that consist of brackets for the most part are
 * looked at, since any other is parsed faster than its levels are counted. Whoever walks over the
 * parsed value counts them anyway.
 */
export function isTooDeep(text: string, deepest: number): boolean {
  return text.length > SHORT && isDense(text) && isDeeperThan(text, deepest);
}

function isDense(text: string): boolean {
  let left = Math.floor(text.length / DENSE);
  for (const bracket of '[{') {
    let index = text.indexOf(bracket);
    while (index >= 0 && left >= 0) {
      left--;
      index = text.indexOf(bracket, index + 1);
    }
  }
  return left < 0;
}

function isDeeperThan(text: string, deepest: number): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    switch (text[index]) {
      case '"':
        index = endOfString(text, index) - 1;
        break;
      case '[':
      case '{':
        if (++depth > deepest) return true;
        break;
      case ']':
      case '}':
        depth--;
    }
  }
  return false;
}
