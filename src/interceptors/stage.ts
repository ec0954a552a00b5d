import type { Call } from '../endpoint/call.js';

/** The rest of the way of a call, from a stage's point of view. */
export type Next = (call: Call) => unknown;

/**
 * One stage of the way of a call, around the stages behind it. What it gets back is a value or a
 * promise of one; what it returns is either, too, so that a synchronous model stays synchronous.
 */
export interface Stage {
  intercept(call: Call, next: Next): unknown;
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise;
}
