import { canonicalLength, endOfFraction, withFraction } from './fraction.js';
import type { Reader } from './report.js';

/** Where the parts of `YYYY-MM-DDThh:mm:ss` end, and of an offset (`+hh:mm`). */
const DATE_END = 10;
const MINUTES_END = 16;
const SECONDS_END = 19;
const OFFSET_LENGTH = 6;

const MINUTES_OF_DAY = 24 * 60;
/** In place of two digits: nothing that is added makes it a number of a date. */
const NO_NUMBER = -10_000;

const PLUS = 43;
const MINUS = 45;
const ZERO = 48;
const COLON = 58;
const T = 84;
const Z = 90;

export function isCanonicalTimestamp(text: string): boolean {
  return canonicalTimestamp(text) === text;
}

export const timestampReader: Reader = (value, report, at) => {
  const canonical = typeof value === 'string' ? canonicalTimestamp(value) : undefined;
  return canonical ?? report.fail(at, 'an RFC 3339 timestamp ("2024-02-29T12:00:00Z")', value);
};

/**
 * In UTC, with 0, 3, 6 or 9 digits of a second: the text itself where it is so already. It is read
 * digit by digit, since an expression and a Date cost many times what parsing the text as JSON does.
 */
function canonicalTimestamp(text: string): string | undefined {
  if (text.length <= SECONDS_END || !hasSeparators(text)) return undefined;
  const year = pairAt(text, 0) * 100 + pairAt(text, 2);
  const month = pairAt(text, 5);
  const day = pairAt(text, 8);
  const hour = pairAt(text, 11);
  const minute = pairAt(text, 14);
  if (year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(month, year)) return undefined;
  const second = pairAt(text, 17);
  if (!isTimeOfDay(hour, minute) || !isTimeOfDay(0, second)) return undefined;

  const zone = endOfFraction(text, SECONDS_END);
  const offset = offsetAt(text, zone);
  if (offset === undefined) return undefined;
  const length = canonicalLength(text, SECONDS_END, zone);
  if (offset === 0 && year > 0) {
    const isCanonical = length === zone - SECONDS_END && text.charCodeAt(zone) === Z;
    return isCanonical ? text : withFraction(text, 0, SECONDS_END, zone, length, 'Z');
  }
  const whole = inUtc(year, month, day, hour * 60 + minute - offset, second);
  return whole && whole + withFraction(text, SECONDS_END, SECONDS_END, zone, length, 'Z');
}

function hasSeparators(text: string): boolean {
  return (
    text.charCodeAt(4) === MINUS &&
    text.charCodeAt(7) === MINUS &&
    text.charCodeAt(DATE_END) === T &&
    text.charCodeAt(13) === COLON &&
    text.charCodeAt(MINUTES_END) === COLON
  );
}

export function pairAt(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NO_NUMBER;
}

/** The minutes that `Z` or an offset at the end of the text is ahead of UTC. */
function offsetAt(text: string, at: number): number | undefined {
  const sign = text.charCodeAt(at);
  if (sign === Z) return at === text.length - 1 ? 0 : undefined;
  if (at !== text.length - OFFSET_LENGTH || text.charCodeAt(at + 3) !== COLON) return undefined;
  const hours = pairAt(text, at + 1);
  const minutes = pairAt(text, at + 4);
  if (!isTimeOfDay(hours, minutes)) return undefined;
  if (sign === PLUS) return hours * 60 + minutes;
  return sign === MINUS ? -hours * 60 - minutes : undefined;
}

function isTimeOfDay(hours: number, minutes: number): boolean {
  return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

/** @param minutes since the day began, before it or after it: an offset leads no further than a day */
function inUtc(
  year: number,
  month: number,
  day: number,
  minutes: number,
  second: number,
): string | undefined {
  const days = Math.floor(minutes / MINUTES_OF_DAY);
  const ofDay = minutes - days * MINUTES_OF_DAY;
  const beside = day + days;
  if (beside >= 1 && beside <= daysIn(month, year)) {
    return wholeSecond(year, month, beside, ofDay, second);
  }
  const nextMonth = ((month + days + 11) % 12) + 1;
  const nextYear = nextMonth === month + days ? year : year + days;
  const nextDay = days > 0 ? 1 : daysIn(nextMonth, nextYear);
  return wholeSecond(nextYear, nextMonth, nextDay, ofDay, second);
}

/**
 * `YYYY-MM-DDThh:mm:ss`, made in one piece: of several it would cost twice as much. Undefined before the
 * year 1 and after 9999.
 *
 * @param minutes of the day
 */
export function wholeSecond(
  year: number,
  month: number,
  day: number,
  minutes: number,
  second: number,
): string | undefined {
  if (year < 1 || year > 9999) return undefined;
  const hour = Math.floor(minutes / 60);
  const minute = minutes % 60;
  return String.fromCharCode(
    digit(year / 1000),
    digit(year / 100),
    digit(year / 10),
    digit(year),
    MINUS,
    digit(month / 10),
    digit(month),
    MINUS,
    digit(day / 10),
    digit(day),
    T,
    digit(hour / 10),
    digit(hour),
    COLON,
    digit(minute / 10),
    digit(minute),
    COLON,
    digit(second / 10),
    digit(second),
  );
}

/** The character of the last digit before the point. */
function digit(number: number): number {
  return ZERO + (Math.floor(number) % 10);
}

function daysIn(month: number, year: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
