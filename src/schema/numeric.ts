const PLUS = 43;
const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;
/** In lower case. */
const E = 101;

/** More of them than the longest integer has digits. */
const ZEROS = '0'.repeat(20);

/**
 * The number of a JSON-like text, also with a leading plus or without digits on one side of the
 * point; NaN for any other.
 */
export function numberOf(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isOfNumber =
      (code >= ZERO && code <= NINE) ||
      code === POINT ||
      code === PLUS ||
      code === MINUS ||
      (code | 32) === E;
    // Number itself takes spaces, hexadecimal digits and "Infinity" as well.
    if (!isOfNumber) return NaN;
  }
  return text === '' ? NaN : Number(text);
}

const LIMB = 2 ** 16;
const TOP_LIMB = 2 ** 48;
const TOO_LARGE = 2 ** 64;
/** The digits that are taken off at the end: what is left has few enough to be exact. */
const TAIL = 10_000_000;
const TAIL_DIGITS = 7;

/**
 * All digits of an integer, where String would print an exponent or zeros; undefined where it is
 * longer than any type has. A long division by limbs, since making a bigint of a number costs more
 * than parsing it.
 */
export function digitsOf(value: number): string | undefined {
  let left = Math.abs(value);
  if (left >= TOO_LARGE) return undefined;
  let head = 0;
  let tail = 0;
  for (let scale = TOP_LIMB; scale >= 1; scale /= LIMB) {
    const limb = Math.floor(left / scale);
    left -= limb * scale;
    const dividend = tail * LIMB + limb;
    head = head * LIMB + Math.floor(dividend / TAIL);
    tail = dividend % TAIL;
  }
  return `${value < 0 ? '-' : ''}${head}${String(tail).padStart(TAIL_DIGITS, '0')}`;
}

/**
 * All digits, with a sign, of the integer that a numeric text other than zero stands for (`1.20e1`),
 * none lost; undefined where it is no integer or a longer one than any type has.
 */
export function exactDigits(text: string): string | undefined {
  let point = -1;
  let end = 0;
  for (; end < text.length && (text.charCodeAt(end) | 32) !== E; end++) {
    if (text.charCodeAt(end) === POINT) point = end;
  }
  let zeros = end < text.length ? Number(text.slice(end + 1)) : 0;
  let digits = text.slice(0, end);
  if (point >= 0) {
    zeros -= end - point - 1;
    digits = text.slice(0, point) + text.slice(point + 1, end);
  }
  if (zeros >= 0) return zeros > ZEROS.length ? undefined : digits + ZEROS.slice(0, zeros);
  const whole = Math.max(digits.length + zeros, 0);
  for (let i = whole; i < digits.length; i++) {
    if (digits.charCodeAt(i) !== ZERO) return undefined;
  }
  return digits.slice(0, whole);
}

/**
 * Decimal digits without leading zeros, where they lie between two numbers written so; undefined for
 * any other text.
 */
export function digitsBetween(text: string, min: string, max: string): string | undefined {
  const first = text.charCodeAt(0);
  const isNegative = first === MINUS;
  const last = text.length - 1;
  const begin = isNegative || first === PLUS ? 1 : 0;
  let start = begin;
  while (start < last && text.charCodeAt(start) === ZERO) start++;
  if (start > last) return undefined;
  for (let i = start; i <= last; i++) {
    const code = text.charCodeAt(i);
    if (code < ZERO || code > NINE) return undefined;
  }
  if (start === last && text.charCodeAt(last) === ZERO) return '0';
  const limit = isNegative ? min : max;
  const length = last + 1 - start + (isNegative ? 1 : 0);
  if (length > limit.length) return undefined;
  const digits =
    start === begin && first !== PLUS ? text : (isNegative ? '-' : '') + text.slice(start);
  return length === limit.length && digits > limit ? undefined : digits;
}
