import type { Report } from './report.js';

/** Objects a handler could return by mistake where a message belongs: none has fields of its own. */
const NOT_RECORDS = [Date, Set, Promise, RegExp, Error, ArrayBuffer];

/** Whether `value` can be read as a JSON object: in an answer, a class instance can as well. */
export function isRecord(value: unknown, report: Report): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  if (!report.answer) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return !ArrayBuffer.isView(value) && !NOT_RECORDS.some((type) => value instanceof type);
}

/** The members of a JSON object; in an answer also a Map's, and never what is undefined. */
export function entriesOf(value: object, report: Report): [string, unknown][] {
  if (!report.answer) {
    // Object.entries takes several times as long for hundreds of thousands of keys.
    return Object.keys(value).map((key) => [key, (value as Record<string, unknown>)[key]]);
  }
  const entries: [string, unknown][] =
    value instanceof Map
      ? [...value].map(([key, member]) => [String(key), member])
      : Object.entries(value);
  return entries.filter(([, member]) => member !== undefined);
}
