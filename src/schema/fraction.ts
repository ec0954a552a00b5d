const POINT = 46;
const ZERO = 48;
const NINE = 57;

const MOST_DIGITS = 9;

/** The end of a point and 1 to 9 digits; `point` itself where there are none. */
export function endOfFraction(text: string, point: number): number {
  if (text.charCodeAt(point) !== POINT) return point;
  let end = point + 1;
  while (end - point <= MOST_DIGITS && isDigit(text.charCodeAt(end))) end++;
  return end === point + 1 ? point : end;
}

/**
 * The length of a second's fraction as ProtoJSON writes it: nothing, or a point and 3, 6 or 9 digits.
 */
export function canonicalLength(text: string, point: number, end: number): number {
  let last = end - 1;
  while (last > point && text.charCodeAt(last) === ZERO) last--;
  return last > point ? 1 + Math.ceil((last - point) / 3) * 3 : 0;
}

/** `text` from `start`, its fraction cut or filled with zeros to the canonical length, and its unit. */
export function withFraction(
  text: string,
  start: number,
  point: number,
  end: number,
  length: number,
  unit: string,
): string {
  const missing = point + length - end;
  if (missing <= 0) return text.slice(start, point + length) + unit;
  return text.slice(start, end) + (missing === 1 ? '0' : '00') + unit;
}

export function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}
