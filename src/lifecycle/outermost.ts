import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';

/**
 * Nest starts the modules of an app in the order of their distance, the root's being 1, from the farthest to the
 * nearest, and ends them the other way round.
 */
const BEFORE_THE_ROOT = -1;

/** Has a module start when all others have started, and end before any of them ends. */
export function putOutermost(module: Type, modules: ModulesContainer): void {
  for (const one of modules.values()) {
    if (one.metatype === module) one.distance = BEFORE_THE_ROOT;
  }
}
