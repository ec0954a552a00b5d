import { ServingError, type ServingErrorOptions } from './serving-error.js';
import { summaryOf, type Violation } from './violation.js';

/**
 * Thrown by a handler to refuse what the client sent: a 400 with the message as its `error`.
 *
 * @example
 * ```ts
 * if (!title && !body) throw new InvalidRequest('Missing text');
 * ```
 */
export class InvalidRequest extends ServingError {
  constructor(message: string, options?: ServingErrorOptions) {
    super('InvalidRequest', message, options);
  }
}

/** Of a request that breaks its schema, or the rules that hold without one. */
export function invalidRequest(violations: readonly Violation[]): InvalidRequest {
  return new InvalidRequest(summaryOf('request', violations), { details: violations });
}
