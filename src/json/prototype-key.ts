/**
 * Whether a key that a client chose leads to a prototype when a handler copies it: `__proto__`
 * always, `constructor` and `prototype` where there is something to copy below.
 */
export function reachesPrototype(key: string, value: unknown): boolean {
  if (key === '__proto__') return true;
  return (
    (key === 'constructor' || key === 'prototype') && typeof value === 'object' && value !== null
  );
}

export const HARMLESS_KEY = 'a key that cannot reach a prototype';
