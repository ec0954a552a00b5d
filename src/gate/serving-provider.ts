import type { ModuleRef } from '@nestjs/core';
import { ConfigurationError } from '../errors/index.js';

/**
 * A provider of ModelServingModule, for a module of the library that stands on it.
 *
 * @param owner the module that asks
 * @throws {ConfigurationError} where the app is without ModelServingModule
 */
export function servingProvider<T>(
  owner: string,
  modules: ModuleRef,
  provider: abstract new (...args: never[]) => T,
): T {
  try {
    return modules.get(provider as never, { strict: false });
  } catch (cause) {
    throw new ConfigurationError(
      `${owner}: expected ModelServingModule among the imports of the app, got none`,
      { cause },
    );
  }
}
