import { isUint8Array } from 'node:util/types';

/**
 * Whether a key that a client chose leads to a prototype when a handler copies it: `__proto__`
 * always, `constructor` and `prototype` where there is something to copy below. Bytes are a value.
 */
export function reachesPrototype(key: string, value: unknown): boolean {
  if (key === '__proto__') return true;
  if (key !== 'constructor' && key !== 'prototype') return false;
  return typeof value === 'object' && value !== null && !isUint8Array(value);
}

export const HARMLESS_KEY = 'a key that cannot reach a prototype';
