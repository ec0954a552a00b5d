import { VersioningType, type Type, type VersioningOptions } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { pathToRegexp } from 'path-to-regexp';
import type { RouteCondition } from '../http/endpoint-path.js';
import { hostsOf, versionOf } from './route-metadata.js';

/**
 * The condition of a route; `undefined` where it takes every request that its path matches.
 *
 * @param versioning the app's; a version in the URL is part of the path
 */
export function conditionOf(
  controller: Type,
  method: string,
  adapter: AbstractHttpAdapter,
  versioning: VersioningOptions | undefined,
): RouteCondition | undefined {
  const host = hostCondition(controller, adapter);
  const version = versionCondition(controller, method, adapter, versioning);
  if (host === undefined || version === undefined) return host ?? version;
  return (request) => version(request) && host(request);
}

/** As Nest's router does it, and the adapter tells the name of the host. */
export function hostCondition(
  controller: Type,
  adapter: AbstractHttpAdapter,
): RouteCondition | undefined {
  const patterns = hostsOf(controller).map((host) =>
    typeof host === 'string' ? pathToRegexp(host).regexp : host,
  );
  if (patterns.length === 0) return undefined;
  return (request) => {
    const name = (adapter.getRequestHostname(request) as string | undefined) ?? '';
    return patterns.some((pattern) => name.match(pattern) !== null);
  };
}

/** The adapter's own filter, around a handler and a `next` that only tell where it leads. */
function versionCondition(
  controller: Type,
  method: string,
  adapter: AbstractHttpAdapter,
  versioning: VersioningOptions | undefined,
): RouteCondition | undefined {
  if (versioning === undefined || versioning.type === VersioningType.URI) return undefined;
  const version = versionOf(controller, controller.prototype[method]) ?? versioning.defaultVersion;
  if (version === undefined) return undefined;
  const filter = adapter.applyVersionFilter(() => true, version, versioning) as unknown as (
    request: unknown,
    response: unknown,
    next: () => boolean,
  ) => unknown;
  return (request) => filter(request, undefined, () => false) === true;
}
