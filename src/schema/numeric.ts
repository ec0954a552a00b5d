import { isDigit } from './fraction.js';

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
  return mayBeNumber(text) ? Number(text) : NaN;
}

/**
 * False for what `Number` takes beyond it: spaces around, "Infinity" and digits of other bases. Its
 * ends tell, so that a text of megabytes is read once.
 */
function mayBeNumber(text: string): boolean {
  const first = text.charCodeAt(0);
  const second = text.charCodeAt(1);
  const last = text.charCodeAt(text.length - 1);
  return (
    (isDigit(first) || first === POINT || first === PLUS || first === MINUS) &&
    !(second > NINE && (second | 32) !== E) &&
    (isDigit(last) || last === POINT)
  );
}

/**
 * All digits, with a sign, of the integer that a numeric text other than zero stands for (`1.20e1`),
 * none lost; undefined where it is no integer or a longer one than any type has.
 */
export function exactDigits(text: string): string | undefined {
  const exponent = Math.max(text.indexOf('e'), text.indexOf('E'));
  const end = exponent < 0 ? text.length : exponent;
  const found = text.indexOf('.');
  const point = found < 0 ? end : found;
  // Zeros at the end say no more than the exponent does.
  let last = end;
  while (last > 0 && isZeroOrPoint(text.charCodeAt(last - 1))) last--;
  const fraction = last > point ? last - point - 1 : last - point;
  const zeros = (exponent < 0 ? 0 : Number(text.slice(exponent + 1))) - fraction;
  if (zeros < 0 || zeros > ZEROS.length) return undefined;
  const digits = text.slice(0, Math.min(last, point)) + text.slice(point + 1, last);
  return digits + ZEROS.slice(0, zeros);
}

function isZeroOrPoint(code: number): boolean {
  return code === ZERO || code === POINT;
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
  const limit = isNegative ? min : max;
  const length = last + 1 - start + (isNegative ? 1 : 0);
  if (length > limit.length) return undefined;
  for (let i = start; i <= last; i++) {
    if (!isDigit(text.charCodeAt(i))) return undefined;
  }
  if (start === last && text.charCodeAt(last) === ZERO) return '0';
  const digits =
    start === begin && first !== PLUS ? text : (isNegative ? '-' : '') + text.slice(start);
  return length === limit.length && digits > limit ? undefined : digits;
}
