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
  if (!isThrown(error)) {
    // An exception that cannot be copied itself arrives empty.
    const { message = 'unknown exception, as when its result cannot be copied' } = error as {
      message?: string;
    };
    return new Error(`${model}: a worker thread failed: ${message}`, { cause: error });
  }
  const { name, message, stack, details } = error.thrown;
  const revived =
    name === 'InvalidRequest' ? new InvalidRequest(message, { details }) : new Error(message);
  revived.name = name;
  if (stack !== undefined) revived.stack = stack;
  return revived;
}

function isThrown(error: unknown): error is Thrown {
  return typeof error === 'object' && error !== null && 'thrown' in error;
}
