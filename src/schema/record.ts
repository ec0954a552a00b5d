import { types } from 'node:util';
import type { Report } from './report.js';

/** Whether `value`, in an answer what JSON makes of it, is an object with members. */
export function isRecord(value: unknown, report: Report): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return report.answer || isPlain(value);
}

/**
 * What was never JSON may be checked as a client's, too. The content of a Map, a Date or a FormData is
 * in none of its members: it must not count as an empty object.
 */
function isPlain(value: object): boolean {
  const isParsed = Object.getPrototypeOf(value) === Object.prototype;
  return isParsed || Object.prototype.toString.call(value) === '[object Object]';
}

/** The members of an object; what is undefined is none. */
export function entriesOf(value: object): [string, unknown][] {
  const entries: [string, unknown][] = [];
  // Object.entries takes several times as long for hundreds of thousands of keys.
  for (const key of Object.keys(value)) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) entries.push([key, member]);
  }
  return entries;
}

/** Whether `value` is a list: models return tensors as typed arrays, JSON has no such thing. */
export function isList(value: unknown, report: Report): value is ArrayLike<unknown> {
  return Array.isArray(value) || (report.answer && types.isTypedArray(value));
}
