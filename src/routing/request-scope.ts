import type { DiscoveryService } from '@nestjs/core';
import { ConfigurationError } from '../errors/index.js';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

const HOOKS = ['onModuleInit', 'onApplicationBootstrap'] as const;

/**
 * Refuses a model that a controller needs and that would never be loaded, or for each request anew: Nest
 * calls the hooks of what it makes at start, and not of what it makes for a request.
 *
 * @throws {ConfigurationError} that names `owner` and the model
 */
export function refuseNeverLoaded(
  owner: string,
  wrapper: Wrapper,
  seen = new Set<Wrapper>(),
): void {
  if (seen.has(wrapper) || wrapper.isDependencyTreeStatic()) return;
  seen.add(wrapper);
  const hook = HOOKS.find((name) => name in ((wrapper.metatype?.prototype as object) ?? {}));
  if (hook !== undefined) {
    throw ConfigurationError.expected(
      owner,
      `the scope of ${String(wrapper.name)}`,
      `DEFAULT, so that Nest calls its ${hook} at start`,
      'a request scope',
    );
  }
  const properties = (wrapper.getPropertiesMetadata() ?? []).map((property) => property.wrapper);
  for (const needed of [...(wrapper.getCtorMetadata() ?? []), ...properties]) {
    refuseNeverLoaded(owner, needed, seen);
  }
}
