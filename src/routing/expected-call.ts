import type { Type } from '@nestjs/common';
import type { Call } from '../endpoint/call.js';
import { ConfigurationError, ServingError } from '../errors/index.js';

/**
 * Makes sure that there is a call where Nest has led a request to an endpoint's route, and that it is one
 * of that endpoint.
 *
 * @throws {ConfigurationError} where nobody has opened one
 * @throws {ServingError} where it is another endpoint's
 */
export function expectCall(call: Call | undefined, controller: Type, method: string): Call {
  if (call === undefined) {
    throw new ConfigurationError(
      `${controller.name}.${method}: expected ModelServingModule.forRoot() among the imports of the app, got a request without it`,
    );
  }
  if (call.endpoint.is(controller, method)) return call;
  throw new ServingError(
    'Internal',
    `A request to ${call.endpoint.owner} was led to ${controller.name}.${method} on its way`,
  );
}
