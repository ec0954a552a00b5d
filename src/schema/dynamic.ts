import { MAX_DEPTH, isWellFormed, setOwn, type Reader, type Report } from './report.js';
import { jsonForm, jsonList } from '../json/index.js';
import { answered, needsForm, withForm } from './answered.js';
import { entriesOf, isList, isRecord } from './record.js';

/**
 * google.protobuf.Value, Struct and ListValue: any JSON. `depth` counts one for each level of JSON;
 * `wire` counts the messages these levels become when the value is encoded inside an Any, where
 * the limit holds for them, and is far below zero elsewhere.
 */
export const valueReader: Reader = (value, report, at, depth) =>
  readValue(value, report, at, depth, wireDepth(report, depth));

export const structReader: Reader = answered((value, report, at, depth) => {
  if (depth > MAX_DEPTH) return report.tooDeep(at);
  if (!isRecord(value)) return report.fail(at, 'an object', value);
  return readMembers(value, report, at, depth + 1, wireDepth(report, depth) + 1);
});

export const listReader: Reader = answered((value, report, at, depth) => {
  if (depth > MAX_DEPTH) return report.tooDeep(at);
  if (!isList(value, report)) return report.fail(at, 'an array', value);
  return readElements(value, report, at, depth + 1, wireDepth(report, depth) + 1);
}, jsonList);

function wireDepth(report: Report, depth: number): number {
  return report.anyDepth < 0 ? -1_000 : depth - report.anyDepth;
}

function readValue(
  value: unknown,
  report: Report,
  at: number,
  depth: number,
  wire: number,
): unknown {
  if (depth > MAX_DEPTH || wire > MAX_DEPTH) return report.tooDeep(at);
  return report.answer && needsForm(value)
    ? withForm(value, report, at, jsonForm, (form) => readJson(form, report, at, depth, wire))
    : readJson(value, report, at, depth, wire);
}

function readJson(
  value: unknown,
  report: Report,
  at: number,
  depth: number,
  wire: number,
): unknown {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      if (Number.isFinite(value)) return value;
      return report.answer ? jsonForm(value) : report.fail(at, 'a finite number', value);
    case 'bigint':
      return report.answer ? jsonForm(value) : report.fail(at, 'a JSON value', value);
    case 'string':
      if (report.wellFormed || isWellFormed(value)) return value;
      return report.fail(at, 'a string without unpaired surrogates', value);
    case 'object':
      if (value === null) return null;
      break;
    default:
      return report.fail(at, 'a JSON value', value);
  }
  if (wire + 1 > MAX_DEPTH) return report.tooDeep(at);
  return isList(value, report)
    ? readElements(value, report, at, depth + 1, wire + 2)
    : readMembers(value, report, at, depth + 1, wire + 2);
}

function readElements(
  list: ArrayLike<unknown>,
  report: Report,
  at: number,
  depth: number,
  wire: number,
): unknown[] {
  const out: unknown[] = [];
  for (let i = 0; i < list.length; i++) {
    report.path[at] = i;
    // An element of a handler's array keeps its place, as JSON.stringify has it.
    const element = report.answer && list[i] === undefined ? null : list[i];
    out.push(readValue(element, report, at + 1, depth, wire));
  }
  return out;
}

function readMembers(
  value: object,
  report: Report,
  at: number,
  depth: number,
  wire: number,
): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, member] of entriesOf(value, report)) {
    report.path[at] = key;
    if (!report.wellFormed && !isWellFormed(key)) {
      report.fail(at + 1, 'a key without unpaired surrogates', key);
    }
    setOwn(out, key, readValue(member, report, at + 1, depth, wire));
  }
  return out;
}

/** Whether `value` is JSON as it is, for the generated predicate. */
export function isCanonicalValue(
  value: unknown,
  depth: number,
  wellFormed: boolean,
  answer: boolean,
): boolean {
  if (depth > MAX_DEPTH) return false;
  switch (typeof value) {
    case 'string':
      return wellFormed || isWellFormed(value);
    case 'number':
      return value - value === 0;
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      return Array.isArray(value)
        ? isCanonicalList(value, depth, wellFormed, answer)
        : isCanonicalStruct(value, depth, wellFormed, answer);
    default:
      return false;
  }
}

export function isCanonicalList(
  value: unknown,
  depth: number,
  wellFormed: boolean,
  answer: boolean,
): boolean {
  if (depth > MAX_DEPTH || !Array.isArray(value)) return false;
  if (answer && Object.getPrototypeOf(value) !== Array.prototype) return false;
  for (let i = 0; i < value.length; i++) {
    if (!isCanonicalValue(value[i], depth + 1, wellFormed, answer)) return false;
  }
  return true;
}

export function isCanonicalStruct(
  value: unknown,
  depth: number,
  wellFormed: boolean,
  answer: boolean,
): boolean {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return false;
  if (answer ? Object.getPrototypeOf(value) !== Object.prototype : Array.isArray(value))
    return false;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (!wellFormed && !isWellFormed(key)) return false;
    if (!isCanonicalValue(member, depth + 1, wellFormed, answer)) return false;
  }
  return true;
}
