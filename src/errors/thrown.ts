import { inspect } from 'node:util';
import { ServingError } from './serving-error.js';

/*
 * Anything can be thrown. A Proxy or an object with getters may throw in turn when it is looked at,
 * and must keep neither the client from its answer nor the log from its line.
 */

/**
 * What a handler threw, for those who ask `instanceof`: Nest does so for the filters of an app, and
 * an exception there would end the process.
 */
export function tamed(thrown: unknown): unknown {
  try {
    void (thrown instanceof Error);
    return thrown;
  } catch {
    return new ServingError('Internal', `Thrown: ${inspectThrown(thrown)}`);
  }
}

/** The message of an Error; what anything else is. */
export function messageOfThrown(thrown: unknown): string {
  try {
    if (isError(thrown)) return String(thrown.message);
  } catch {
    // Its message cannot be had, but perhaps its stack.
  }
  return `Thrown: ${typeof thrown === 'string' ? thrown : inspectThrown(thrown)}`;
}

export function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

/** Whatever was thrown as a text, an Error with its stack and its causes. */
export function inspectThrown(thrown: unknown): string {
  try {
    return inspect(thrown);
  } catch {
    return `${typeof thrown} that cannot be looked at`;
  }
}

/** What is given where no promise is wanted: nobody will hear of it, and its rejection must not end the process. */
export function disregard(given: unknown): void {
  Promise.resolve(given).catch(() => undefined);
}
