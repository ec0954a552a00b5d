/** A mistake in a decorator, an option or a schema. It stops the app at boot; no client sees it. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}
