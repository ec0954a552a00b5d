import { jsonForm, reasonOf } from '../json/index.js';
import { ReportFull, type Reader, type Report } from './report.js';

/**
 * A reader of what JSON makes of a handler's value, by the same rule as without a schema. What a
 * client sent is JSON already.
 *
 * @param toForm the rule, where the schema knows better what bytes or numbers are meant to be
 */
export function answered(read: Reader, toForm = jsonForm): Reader {
  return (value, report, at, depth) =>
    report.answer && needsForm(value)
      ? withForm(value, report, at, toForm, (form) => read(form, report, at, depth))
      : read(value, report, at, depth);
}

/** Whether a handler's value may be something else in JSON, or nothing. */
export function needsForm(value: unknown): boolean {
  return typeof value === 'object' ? value !== null : isUnsayable(value);
}

function isUnsayable(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol';
}

/** Reads the form of a handler's value; one that has none is a violation at its place. */
export function withForm(
  value: unknown,
  report: Report,
  at: number,
  toForm: (value: unknown) => unknown,
  read: (form: unknown) => unknown,
): unknown {
  try {
    report.enter(value, at);
    return read(toForm(value));
  } catch (error) {
    if (error instanceof ReportFull) throw error;
    return report.refuse(at, reasonOf(error));
  }
}
