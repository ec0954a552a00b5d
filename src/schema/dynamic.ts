import { MAX_DEPTH, isWellFormed, setOwn, type Reader, type Report } from './report.js';
import { HARMLESS_KEY, jsonForm, jsonList, reachesPrototype } from '../json/index.js';
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
  if (!isRecord(value, report)) return report.fail(at, 'an object', value);
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
  if (isList(value, report)) return readElements(value, report, at, depth + 1, wire + 2);
  if (!isRecord(value, report)) return report.fail(at, 'a JSON value', value);
  return readMembers(value, report, at, depth + 1, wire + 2);
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
  for (const [key, member] of entriesOf(value)) {
    report.path[at] = key;
    report.members++;
    if (!report.wellFormed && !isWellFormed(key)) {
      report.fail(at + 1, 'a key without unpaired surrogates', key);
    }
    if (!report.answer && reachesPrototype(key, member)) report.fail(at + 1, HARMLESS_KEY, key);
    setOwn(out, key, readValue(member, report, at + 1, depth, wire));
  }
  return out;
}

/**
 * For the generated predicate: how many members the objects of a value have together, or a
 * negative number where it is not surely JSON as it is.
 */
export function membersOfValue(
  value: unknown,
  depth: number,
  wellFormed: boolean,
  answer: boolean,
): number {
  if (depth > MAX_DEPTH) return -1;
  switch (typeof value) {
    case 'string':
      return wellFormed || isWellFormed(value) ? 0 : -1;
    case 'number':
      return value - value === 0 ? 0 : -1;
    case 'boolean':
      return 0;
    case 'object':
      if (value === null) return 0;
      return Array.isArray(value)
        ? membersOfList(value, depth, wellFormed, answer)
        : membersOfStruct(value, depth, wellFormed, answer);
    default:
      return -1;
  }
}

export function membersOfList(
  value: unknown,
  depth: number,
  wellFormed: boolean,
  answer: boolean,
): number {
  if (depth > MAX_DEPTH || !Array.isArray(value)) return -1;
  if (answer && Object.getPrototypeOf(value) !== Array.prototype) return -1;
  let members = 0;
  for (let i = 0; i < value.length; i++) {
    const inside = membersOfValue(value[i], depth + 1, wellFormed, answer);
    if (inside < 0) return -1;
    members += inside;
  }
  return members;
}

export function membersOfStruct(
  value: unknown,
  depth: number,
  wellFormed: boolean,
  answer: boolean,
): number {
  if (depth > MAX_DEPTH || typeof value !== 'object' || value === null) return -1;
  if (answer ? Object.getPrototypeOf(value) !== Object.prototype : Array.isArray(value)) return -1;
  let members = 0;
  for (const key in value) {
    const member = (value as Record<string, unknown>)[key];
    if (!wellFormed && !isWellFormed(key)) return -1;
    if (!answer && reachesPrototype(key, member)) return -1;
    const inside = membersOfValue(member, depth + 1, wellFormed, answer);
    if (inside < 0) return -1;
    members += 1 + inside;
  }
  return members;
}
