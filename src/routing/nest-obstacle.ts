import { VersioningType, type VersioningOptions } from '@nestjs/common';
import { declarationOf } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { shapesAnswer } from '../http/route-decoration.js';

/**
 * What Nest, as the app has set it up, does with a request to an endpoint besides calling it, as the log
 * says it; `undefined` where it does nothing else.
 */
export function nestObstacle(
  { options, bound, hosts, instance, controller, method }: Endpoint,
  versioning: VersioningOptions | undefined,
): string | undefined {
  if (!options.direct) return 'its option direct is false';
  if (bound.guards) return 'a guard';
  if (bound.interceptors) return 'an interceptor';
  if (bound.pipes) return 'a pipe';
  if (bound.filters) return 'a filter';
  if (instance === undefined) return 'a request scope';
  if (hosts.length > 0) return 'a host';
  if (versioning !== undefined && versioning.type !== VersioningType.URI) {
    return 'versions that are not in its path';
  }
  const route: unknown = controller.prototype[method];
  if (shapesAnswer(route as object)) return 'a decorator of its answer';
  const called: unknown = (instance as Readonly<Record<string, unknown>>)[method];
  if (called !== route || declarationOf(called) === undefined) return 'a method in its place';
  return undefined;
}
