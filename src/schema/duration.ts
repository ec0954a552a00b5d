import { canonicalLength, endOfFraction, isDigit, withFraction } from './fraction.js';
import type { Reader } from './report.js';

const MAX_SECONDS = 315_576_000_000; // 10,000 years of 365.25 days

const MINUS = 45;
const ZERO = 48;
const SECONDS = 115;

export function isCanonicalDuration(text: string): boolean {
  return canonicalDuration(text) === text;
}

export const durationReader: Reader = (value, report, at) => {
  const canonical = typeof value === 'string' ? canonicalDuration(value) : undefined;
  return canonical ?? report.fail(at, 'a duration in seconds ("1.500s")', value);
};

/** With 0, 3, 6 or 9 digits of a second: the text itself where it is so already. */
function canonicalDuration(text: string): string | undefined {
  const isNegative = text.charCodeAt(0) === MINUS;
  const first = isNegative ? 1 : 0;
  let point = first;
  let seconds = 0;
  for (; isDigit(text.charCodeAt(point)); point++) {
    seconds = seconds * 10 + text.charCodeAt(point) - ZERO;
  }
  const end = endOfFraction(text, point);
  if (
    point === first ||
    seconds > MAX_SECONDS ||
    end !== text.length - 1 ||
    text.charCodeAt(end) !== SECONDS
  ) {
    return undefined;
  }
  const length = canonicalLength(text, point, end);
  if (seconds === 0 && length === 0) return '0s';
  let start = first;
  while (start < point - 1 && text.charCodeAt(start) === ZERO) start++;
  if (start === first && length === end - point) return text;
  if (start === first) return withFraction(text, 0, point, end, length, 's');
  return (isNegative ? '-' : '') + withFraction(text, start, point, end, length, 's');
}
