/// <reference lib="es2024.string" />
import { hash } from 'node:crypto';
import { types } from 'node:util';

/** Goes into every key: raised when the form of keys or of stored entries changes. */
const FORM = 1;

/** What sets an endpoint's entries apart from every other's. */
export interface CacheScope {
  /** The endpoint's route or name, unique in the app. */
  readonly endpoint: string;
  /** The model's version: a new model never answers from an old one's cache. */
  readonly version?: string | undefined;
  /** A text that changes with the schema. */
  readonly schema?: string | undefined;
}

/** Makes the `scope` of {@link cacheKey}; once per endpoint, at boot. */
export function cacheScope({ endpoint, version, schema }: CacheScope): string {
  return digest(canonicalText([FORM, endpoint, version, schema]));
}

/**
 * The key under which an answer is cached: 43 characters of base64url, a SHA-256 over the scope, the
 * input and the values of the headers that belong to the key. The order of an object's keys does not
 * matter, at any depth; any other difference of the inputs makes a different key, `0` and `-0`, a
 * missing field and an `undefined` one, or a hole in an array included.
 *
 * @param scope from {@link cacheScope}
 * @param input JSON data, and bytes, which count as their base64, nested no deeper than a call stack
 * reaches (some thousands)
 * @param vary the values of the headers that belong to the key, always in the same order
 * @throws TypeError for what is not JSON data and would lose its content here, as a Date or a Map
 */
export function cacheKey(
  scope: string,
  input: unknown,
  vary: readonly (string | undefined)[],
): string {
  const text = canonicalText(input);
  return digest(scope + (vary.length === 0 ? text : canonicalText(vary) + text));
}

/**
 * Hashing encodes as UTF-8, where every lone surrogate becomes U+FFFD and differing texts one. JSON
 * escapes them; its leading quote keeps such a text apart from all others.
 */
function digest(text: string): string {
  return hash('sha256', text.isWellFormed() ? text : JSON.stringify(text), 'base64url');
}

/**
 * A text that two values share only if they are equal. Lengths come before contents, so nothing has
 * to be escaped; that makes it 3 to 10 times as fast as sorted JSON. Each kind of value starts with
 * a character of its own and knows its end, so texts can be put one after another.
 */
function canonicalText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return `"${value.length}:${value}`;
    case 'number':
      return Object.is(value, -0) ? '#-0;' : `#${value};`;
    case 'boolean':
      return value ? 't' : 'f';
    case 'object':
      if (value === null) return '0';
      if (Array.isArray(value)) return arrayText(value);
      // Bytes are their base64, whether it has been decoded or not.
      if (types.isUint8Array(value)) return canonicalText(asBase64(value));
      return objectText(value as Record<string, unknown>);
    case 'undefined':
      return 'u';
    case 'bigint':
      return `i${value};`;
    default:
      throw new TypeError(`A ${typeof value} cannot be part of a cache key.`);
  }
}

function asBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function arrayText(array: readonly unknown[]): string {
  let text = '[';
  for (let index = 0; index < array.length; index++) {
    const item = array[index];
    text += item === undefined && !(index in array) ? '-' : canonicalText(item);
  }
  return `${text}]`;
}

function objectText(object: Record<string, unknown>): string {
  assertPlain(object);
  const keys = Object.keys(object);
  if (keys.length > 1) keys.sort();
  let text = '{';
  for (const key of keys) text += `${key.length}:${key}${canonicalText(object[key])}`;
  return `${text}}`;
}

/** By shape, not by identity: data may come from another realm (a test runner's sandbox, a vm). */
function assertPlain(object: object): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === null || prototype === Object.prototype) return;
  if (Object.getPrototypeOf(prototype) === null) return;
  const name = (prototype as object).constructor?.name ?? 'class instance';
  throw new TypeError(`A ${name} cannot be part of a cache key: expected JSON data.`);
}
