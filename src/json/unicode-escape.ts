const BACKSLASH = '\\';
const U = 117;
/** Of so many characters one is a backslash in what costs more to search than it is worth. */
const DENSE = 16;

/**
 * Whether a JSON text has a `\u` escape. False is certain. True is not: a text that consists of
 * backslashes for a good part is not searched to its end.
 */
export function mayHaveUnicodeEscape(text: string): boolean {
  let left = text.length / DENSE;
  let index = text.indexOf(BACKSLASH);
  while (index >= 0) {
    if (text.charCodeAt(index + 1) === U || --left < 0) return true;
    index = text.indexOf(BACKSLASH, index + 2);
  }
  return false;
}
