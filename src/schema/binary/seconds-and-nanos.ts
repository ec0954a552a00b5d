import { pairAt, wholeSecond } from '../timestamp.js';

const SECONDS_OF_DAY = 86_400;
const DAYS_OF_ERA = 146_097;
/** From the first of March of the year 0. */
const DAYS_BEFORE_1970 = 719_468;

const FIRST_SECOND = -62_135_596_800; // 0001-01-01T00:00:00Z
const LAST_SECOND = 253_402_300_799; // 9999-12-31T23:59:59Z
const MAX_DURATION = 315_576_000_000; // 10,000 years of 365.25 days
const MAX_NANOS = 999_999_999;

/** A timestamp or a duration as protobuf's messages have it; in canonical form it is a text. */
export interface SecondsAndNanos {
  readonly seconds: number;
  readonly nanos: number;
}

/** Undefined for what is beyond the range. */
export function timestampText({ seconds, nanos }: SecondsAndNanos): string | undefined {
  if (!(seconds >= FIRST_SECOND && seconds <= LAST_SECOND)) return undefined;
  if (nanos < 0 || nanos > MAX_NANOS) return undefined;
  const days = Math.floor(seconds / SECONDS_OF_DAY);
  const ofDay = seconds - days * SECONDS_OF_DAY;
  // By the calendar of 400 years, whose years begin in March: a Date costs several times as much.
  const day = days + DAYS_BEFORE_1970;
  const era = Math.floor(day / DAYS_OF_ERA);
  const ofEra = day - era * DAYS_OF_ERA;
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365,
  );
  const ofYear = ofEra - daysBeforeYear(yearOfEra);
  const monthFromMarch = Math.floor((5 * ofYear + 2) / 153);
  const dayOfMonth = ofYear - daysBeforeMonth(monthFromMarch) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  const whole = wholeSecond(year, month, dayOfMonth, Math.floor(ofDay / 60), ofDay % 60);
  return `${whole}${fraction(nanos)}Z`;
}

/** @param text in canonical form */
export function timestampParts(text: string): SecondsAndNanos {
  const month = pairAt(text, 5);
  const yearFromMarch = pairAt(text, 0) * 100 + pairAt(text, 2) - (month <= 2 ? 1 : 0);
  const era = Math.floor(yearFromMarch / 400);
  const ofYear = daysBeforeMonth(month > 2 ? month - 3 : month + 9) + pairAt(text, 8) - 1;
  const ofEra = daysBeforeYear(yearFromMarch - era * 400) + ofYear;
  const days = era * DAYS_OF_ERA + ofEra - DAYS_BEFORE_1970;
  const ofDay = pairAt(text, 11) * 3600 + pairAt(text, 14) * 60 + pairAt(text, 17);
  const nanos = nanosOf(text.slice('YYYY-MM-DDThh:mm:ss.'.length, -1));
  return { seconds: days * SECONDS_OF_DAY + ofDay, nanos };
}

function daysBeforeYear(ofEra: number): number {
  return ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100);
}

function daysBeforeMonth(fromMarch: number): number {
  return Math.floor((153 * fromMarch + 2) / 5);
}

/** Undefined for what is beyond the range. */
export function durationText({ seconds, nanos }: SecondsAndNanos): string | undefined {
  if (Math.abs(seconds) > MAX_DURATION || Math.abs(nanos) > MAX_NANOS) return undefined;
  if (seconds * nanos < 0) return undefined;
  const sign = seconds < 0 || nanos < 0 ? '-' : '';
  return `${sign}${Math.abs(seconds)}${fraction(Math.abs(nanos))}s`;
}

/** @param text in canonical form */
export function durationParts(text: string): SecondsAndNanos {
  const [whole = '', digits = ''] = text.slice(0, -1).split('.');
  const nanos = nanosOf(digits);
  // Adding zero makes the -0 of "-0.5s" the number 0.
  return { seconds: Number(whole) + 0, nanos: text.startsWith('-') ? 0 - nanos : nanos };
}

/** As ProtoJSON writes it: nothing, or 3, 6 or 9 digits. */
function fraction(nanos: number): string {
  if (nanos === 0) return '';
  const digits = String(nanos).padStart(9, '0');
  if (digits.endsWith('000000')) return `.${digits.slice(0, 3)}`;
  return `.${digits.endsWith('000') ? digits.slice(0, 6) : digits}`;
}

function nanosOf(digits: string): number {
  if (digits === '') return 0;
  return Number(digits.padEnd(9, '0'));
}
