import { types } from 'node:util';
import type { Report } from './report.js';

/** Whether `value`, in an answer what JSON makes of it, is an object with members. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The members of a JSON object; in an answer never what is undefined. */
export function entriesOf(value: object, report: Report): [string, unknown][] {
  // Object.entries takes several times as long for hundreds of thousands of keys.
  const entries = Object.keys(value).map((key): [string, unknown] => [
    key,
    (value as Record<string, unknown>)[key],
  ]);
  return report.answer ? entries.filter(([, member]) => member !== undefined) : entries;
}

/** Whether `value` is a list: models return tensors as typed arrays, JSON has no such thing. */
export function isList(value: unknown, report: Report): value is ArrayLike<unknown> {
  return Array.isArray(value) || (report.answer && types.isTypedArray(value));
}
