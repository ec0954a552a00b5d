import { ServingError, type ServingErrorOptions } from './serving-error.js';

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
