import { inspect } from 'node:util';
import { isTypedArray } from './tensor-like.js';

// Far beyond any model's; a client's brackets end here.
const MAX_DIMENSIONS = 64;

/** The lengths of nested arrays, read along their first elements, of which none is a dimension more. */
export function lengthsOf(value: unknown): number[] {
  const lengths: number[] = [];
  let level = value;
  while (isArrayLike(level) && lengths.length <= MAX_DIMENSIONS) {
    lengths.push(level.length);
    level = Array.isArray(level) ? level[0] : undefined;
  }
  return lengths;
}

/**
 * Why nested arrays are no tensor of these lengths, if they are none. What a body says in brackets
 * alone must not become a size: where nothing is said, the arrays hold every element of it.
 */
export function ragged(value: unknown, lengths: readonly number[]): string | undefined {
  if (lengths.length > MAX_DIMENSIONS) return `expected at most ${MAX_DIMENSIONS} dimensions`;
  return lengths.length > 1 ? raggedAt(value, lengths, []) : undefined;
}

function raggedAt(
  value: unknown,
  lengths: readonly number[],
  at: readonly number[],
): string | undefined {
  const expected = lengths[at.length];
  if (expected === undefined) return undefined;
  if (!isArrayLike(value) || value.length !== expected) {
    const got = isArrayLike(value) ? value.length : cut(value);
    return `expected ${expected} values${place(at)}, as in its siblings, got ${got}`;
  }
  if (at.length === lengths.length - 1) return undefined;
  for (let i = 0; i < expected; i++) {
    const problem = raggedAt(value[i], lengths, [...at, i]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export function isArrayLike(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || isTypedArray(value);
}

/** Where in nested arrays, for a message. */
export function place(at: readonly number[]): string {
  return at.length === 0 ? '' : ` at [${at.join(', ')}]`;
}

/** A value, for a message: of a body of megabytes only what one line can show. */
export function cut(value: unknown): string {
  return inspect(value, {
    depth: Array.isArray(value) ? 0 : -1,
    maxStringLength: 40,
    maxArrayLength: 4,
    breakLength: Infinity,
  });
}
