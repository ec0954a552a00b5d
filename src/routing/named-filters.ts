import 'reflect-metadata';
import type { ExceptionFilter, Type } from '@nestjs/common';

/** The key Nest keeps the arguments of `@Catch()` under. */
const CAUGHT = '__filterCatchExceptions__';

/**
 * The global filters of an app that name what they catch. One that was bound for an exception is
 * meant for it wherever it is thrown; a global filter that catches everything would only take the
 * contract's error bodies away.
 */
export class NamedFilters {
  readonly #filters: readonly { types: readonly Type[]; filter: ExceptionFilter }[];

  constructor(globalFilters: readonly ExceptionFilter[]) {
    this.#filters = globalFilters
      .map((filter) => ({ types: Reflect.getMetadata(CAUGHT, filter.constructor) ?? [], filter }))
      .reverse(); // as Nest does: the one that was added last is asked first
  }

  find(error: unknown): ExceptionFilter | undefined {
    return this.#filters.find(({ types }) => types.some((type) => error instanceof type))?.filter;
  }
}
