import { InvalidRequest, type Violation } from '../../errors/index.js';

/** What host.mjs makes of an error that a model throws. */
interface Thrown {
  readonly thrown: {
    readonly name: string;
    readonly message: string;
    readonly stack?: string;
    readonly details?: readonly Violation[];
  };
}

/** The error that ended a call: the model's own, or that of the thread it ran in. */
export function revive(error: unknown, model: string): Error {
  if (!isThrown(error)) return deathOf(model, error);
  const { name, message, stack, details } = error.thrown;
  const revived =
    name === 'InvalidRequest' ? new InvalidRequest(message, { details }) : new Error(message);
  revived.name = name;
  if (stack !== undefined) revived.stack = stack;
  return revived;
}

/** The error of a call whose thread died of `error`. */
export function deathOf(model: string, error: unknown): Error {
  return new Error(`${model}: a worker thread failed: ${failureOf(error)}`, { cause: error });
}

/** What is known of an exception that nobody caught in its thread; it may be no error at all. */
export function failureOf(error: unknown): string {
  // A DOMException, as structuredClone throws it, arrives as an empty object, or without a message.
  const { message } = Object(error) as { message?: unknown };
  return typeof message === 'string' && message !== ''
    ? message
    : 'unknown exception, as when its result cannot be copied';
}

function isThrown(error: unknown): error is Thrown {
  return typeof error === 'object' && error !== null && 'thrown' in error;
}
