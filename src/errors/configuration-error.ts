import { inspect } from 'node:util';

/** A mistake in a decorator, an option or a schema. It stops the app at boot; no client sees it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  /** The one sentence every refused option gets: who, which option, what was expected and what was got. */
  static expected(
    owner: string,
    option: string,
    expected: string,
    got: unknown,
  ): ConfigurationError {
    const shown =
      typeof got === 'function'
        ? `a function`
        : inspect(got, { depth: 0, maxStringLength: 60, breakLength: Infinity });
    return new ConfigurationError(`${owner}: expected ${option} to be ${expected}, got ${shown}`);
  }

  /** Refuses the first key of `options` that is not one of `known`. */
  static refuseUnknown(owner: string, options: object, known: readonly string[]): void {
    const unknown = Object.keys(options).find((key) => !known.includes(key));
    if (unknown !== undefined) {
      throw new ConfigurationError(
        `${owner}: expected options to be among ${known.join(', ')}, got the unknown option "${unknown}"`,
      );
    }
  }
}
