import { ValueHash } from './value-hash.js';

/** Goes into every key: raised when the form of keys or of stored entries changes. */
const FORM = 2;

/** What sets an endpoint's entries apart from every other's. */
export interface CacheScope {
  /** The app, or those that share their answers. */
  readonly namespace: string;
  /** The endpoint's route or name, unique in the app. */
  readonly endpoint: string;
  /** The model's version: a new model never answers from an old one's cache. */
  readonly version?: string | undefined;
  /** A text that changes with the schema. */
  readonly schema?: string | undefined;
}

/** Makes the `scope` of {@link cacheKey}; once per endpoint, at boot. */
export function cacheScope({ namespace, endpoint, version, schema }: CacheScope): string {
  return digest([FORM, namespace, endpoint, version, schema]);
}

/**
 * The key under which an answer is cached: 43 characters of base64url, a SHA-256 over the scope and
 * all that an answer depends on. The order of an object's keys does not matter, at any depth; any
 * other difference makes a different key, `0` and `-0`, a missing field and an `undefined` one, or a
 * hole in an array included.
 *
 * @param scope from {@link cacheScope}
 * @param parts JSON data, nested no deeper than a call stack reaches (some thousands): the input, and
 * what else belongs to the key of each call of the endpoint
 * @throws TypeError for what is not JSON data and would lose its content here, as a Date or a Map
 */
export function cacheKey(scope: string, ...parts: unknown[]): string {
  return digest([scope, ...parts]);
}

function digest(values: readonly unknown[]): string {
  const hash = new ValueHash();
  for (const value of values) hash.add(value);
  return hash.digest();
}
