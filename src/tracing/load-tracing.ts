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
  const { trace, version: apiVersion } = registeredSdk() ?? {};
  if (trace === undefined) {
    if (wanted) throw missing('an OpenTelemetry SDK that is registered before the app is created');
    return undefined;
  }
  let error: ConfigurationError;
  try {
    const { OpenTelemetry } = await import('./opentelemetry/open-telemetry.js');
    if (OpenTelemetry.finds(trace)) return new OpenTelemetry(version);
    error = missing(
      'the OpenTelemetry SDK to be registered by no older @opentelemetry/api than the app has',
      apiVersion,
    );
  } catch (cause) {
    error = missing('@opentelemetry/api among the dependencies of the app', 'none', cause);
  }
  if (wanted) throw error;
  new Logger('ModelServingTracing').warn(error.message);
  return undefined;
}

function missing(what: string, got = 'none', cause?: unknown): ConfigurationError {
  return new ConfigurationError(
    `ModelServingModule: expected ${what} beside option tracing, got ${got}`,
    { cause },
  );
}
