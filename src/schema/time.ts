import type { Reader } from './report.js';

const TIMESTAMP =
  /^(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.(\d{1,9}))?(?:Z|([+-](?:[01]\d|2[0-3]):[0-5]\d))$/;
/** What needs no calendar to be known as canonical: UTC, whole seconds, no last days of a month. */
const PLAIN_TIMESTAMP =
  /^(?!0000)\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$/;
const DURATION = /^(-)?([0-9]+)(?:\.([0-9]{1,9}))?s$/;

const FIRST_SECOND = -62_135_596_800; // 0001-01-01T00:00:00Z
const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z
const MAX_DURATION = 315_576_000_000; // 10,000 years of 365.25 days

export function isCanonicalTimestamp(text: string): boolean {
  return PLAIN_TIMESTAMP.test(text) || canonicalTimestamp(text) === text;
}

export function isCanonicalDuration(text: string): boolean {
  return canonicalDuration(text) === text;
}

export const timestampReader: Reader = (value, report, at) => {
  const canonical = typeof value === 'string' ? canonicalTimestamp(value) : undefined;
  return canonical ?? report.fail(at, 'an RFC 3339 timestamp ("2024-02-29T12:00:00Z")', value);
};

export const durationReader: Reader = (value, report, at) => {
  const canonical = typeof value === 'string' ? canonicalDuration(value) : undefined;
  return canonical ?? report.fail(at, 'a duration in seconds ("1.500s")', value);
};

/** In UTC, with 0, 3, 6 or 9 digits of a second. */
function canonicalTimestamp(text: string): string | undefined {
  const match = TIMESTAMP.exec(text);
  if (!match) return undefined;
  if (Number(match[3]) > daysInMonth(Number(match[1]), Number(match[2]))) return undefined;
  // Most are in UTC already, and making a Date costs more than all the rest.
  if (match[5] === undefined && match[1] !== '0000') {
    return `${text.slice(0, 'YYYY-MM-DDThh:mm:ss'.length)}${fraction(match[4])}Z`;
  }
  const seconds = Math.floor(new Date(text).getTime() / 1000);
  // Not `<`, so that an invalid date's NaN fails as well.
  if (!(seconds >= FIRST_SECOND && seconds <= LAST_SECOND)) return undefined;
  const whole = new Date(seconds * 1000).toISOString().slice(0, -'.000Z'.length);
  return `${whole}${fraction(match[4])}Z`;
}

function canonicalDuration(text: string): string | undefined {
  const match = DURATION.exec(text);
  if (!match) return undefined;
  const seconds = Number(match[2]);
  if (seconds > MAX_DURATION) return undefined;
  const rest = fraction(match[3]);
  const sign = match[1] && (seconds > 0 || rest !== '') ? '-' : '';
  return `${sign}${seconds}${rest}s`;
}

/** The fraction of a second as ProtoJSON writes it: nothing, or 3, 6 or 9 digits. */
function fraction(digits = ''): string {
  const nanos = digits.padEnd(9, '0');
  if (nanos === '000000000') return '';
  if (nanos.endsWith('000000')) return `.${nanos.slice(0, 3)}`;
  return `.${nanos.endsWith('000') ? nanos.slice(0, 6) : nanos}`;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
