import type { DiscoveryService } from '@nestjs/core';

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

const HOOKS = ['onModuleInit', 'onApplicationBootstrap'] as const;

/** Something that is made for every request though it loads at start. */
export interface NeverLoaded {
  readonly name: string;
  /** What Nest would call at start, where it is made then. */
  readonly hook: (typeof HOOKS)[number];
}

/**
 * A model that a controller needs and that would never be loaded, or for each request anew: Nest calls
 * the hooks of what it makes at start, and not of what it makes for a request.
 */
export function findNeverLoaded(
  wrapper: Wrapper,
  seen = new Set<Wrapper>(),
): NeverLoaded | undefined {
  if (seen.has(wrapper) || wrapper.isDependencyTreeStatic()) return undefined;
  seen.add(wrapper);
  const hook = HOOKS.find((name) => name in ((wrapper.metatype?.prototype as object) ?? {}));
  if (hook !== undefined) return { name: String(wrapper.name), hook };
  const properties = wrapper.getPropertiesMetadata() ?? [];
  const needed = [...(wrapper.getCtorMetadata() ?? []), ...properties.map((one) => one.wrapper)];
  for (const one of needed) {
    const found = findNeverLoaded(one, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}
