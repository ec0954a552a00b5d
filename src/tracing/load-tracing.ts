import { Logger } from '@nestjs/common';
import { ConfigurationError } from '../errors/index.js';
import type { Tracing } from './endpoint-tracing.js';
import { registeredSdk } from './registered-sdk.js';

/**
 * What traces the calls of an app: nothing, unless an OpenTelemetry SDK has been registered. No app
 * without one loads a package for it.
 *
 * @param wanted the option of the module
 * @throws {ConfigurationError} where traces are wanted and cannot be made
 */
export async function loadTracing(
  wanted: boolean | undefined,
  version: string,
): Promise<Tracing | undefined> {
  if (wanted === false) return undefined;
  if (registeredSdk()?.trace === undefined) {
    if (wanted) throw missing('an OpenTelemetry SDK that is registered before the app is created');
    return undefined;
  }
  try {
    const { OpenTelemetry } = await import('./opentelemetry/open-telemetry.js');
    return new OpenTelemetry(version);
  } catch (cause) {
    const error = missing('@opentelemetry/api among the dependencies of the app', cause);
    if (wanted) throw error;
    new Logger('ModelServingTracing').warn(error.message);
    return undefined;
  }
}

function missing(what: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    `ModelServingModule: expected ${what} beside option tracing, got none`,
    { cause },
  );
}
