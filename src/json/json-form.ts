import { types } from 'node:util';
import { bytesOf } from './bytes.js';
import { NotJson, refuseHidden, refuseUnfinished } from './unsayable.js';

/**
 * What an answer may hold is one rule, with a schema or without: this is its form in JSON, one level
 * of it. Arrays and objects come back as they are where JSON takes them so, their members unseen.
 *
 * - NaN and the infinities, as ProtoJSON has them, and bigints are strings;
 * - Dates are RFC 3339, bytes base64, whatever their `toJSON` says;
 * - anything else with a `toJSON` is what that returns, asked once;
 * - typed arrays and Sets are arrays, Maps are objects;
 * - an instance of a class is its own enumerable fields.
 *
 * @throws {NotJson} for what is nothing in JSON: a function, a Promise, a stream …
 */
export function jsonForm(value: unknown): unknown {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return String(value);
    case 'object':
      return value === null ? null : formOf(value, true);
    case 'function':
      throw new NotJson('a function', 'leave it out, or return what it returns');
    case 'symbol':
      throw new NotJson('a symbol', 'return its description');
    default:
      return value;
  }
}

/** The same where a schema wants a list: of a Uint8Array the numbers, too. */
export function jsonList(value: unknown): unknown {
  return types.isTypedArray(value) ? value : jsonForm(value);
}

function formOf(value: object, asksToJson: boolean): unknown {
  if (types.isDate(value)) return dateForm(value);
  const bytes = bytesOf(value);
  if (bytes !== undefined) return bytes.toString('base64');
  refuseUnfinished(value);
  const { toJSON } = value as { toJSON?: unknown };
  if (asksToJson && typeof toJSON === 'function') {
    const said: unknown = toJSON.call(value, '');
    return typeof said === 'object' && said !== null ? formOf(said, false) : jsonForm(said);
  }
  if (Array.isArray(value)) return value;
  if (types.isTypedArray(value) || types.isSet(value)) {
    return Array.from(value as Iterable<unknown>);
  }
  if (types.isMap(value)) return mapForm(value);
  if (types.isBoxedPrimitive(value)) return jsonForm(value.valueOf());
  refuseHidden(value);
  return value;
}

function dateForm(date: Date): string {
  if (Number.isNaN(date.getTime())) throw new NotJson('an invalid Date', 'return a valid one');
  const text = date.toISOString();
  if (text.length === '2024-02-29T12:00:00.000Z'.length) return text;
  throw new NotJson('a Date beyond the year 9999', 'return its milliseconds');
}

function mapForm(map: ReadonlyMap<unknown, unknown>): object {
  const entries = Array.from(map, ([key, member]) => [keyForm(key), member] as const);
  const form = Object.fromEntries(entries);
  if (Object.keys(form).length === map.size) return form;
  throw new NotJson('a Map in which two keys are the same text', 'use one of them');
}

function keyForm(key: unknown): string {
  switch (typeof key) {
    case 'string':
      return key;
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(key);
    default:
      throw new NotJson(`a Map with a key that is ${kindOf(key)}`, 'use strings as keys');
  }
}

function kindOf(key: unknown): string {
  if (key === null || key === undefined) return String(key);
  return typeof key === 'object' ? 'an object' : `a ${typeof key}`;
}
