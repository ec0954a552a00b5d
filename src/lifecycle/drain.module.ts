import { Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Drain } from './drain.js';

/** Nest destroys the modules of an app in the order of their distance: the root's, the nearest, is 1. */
const BEFORE_THE_ROOT = -1;

/**
 * Drains the app before any other module is destroyed. Nest 12 has done so by then, in the adapter's
 * `beforeClose`; Nest 11 knows no such moment and begins to close with the modules.
 */
@Module({})
export class DrainModule implements OnModuleDestroy {
  readonly #host: HttpAdapterHost;

  constructor(
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    this.#host = host;
    for (const module of modules.values()) {
      if (module.metatype === DrainModule) module.distance = BEFORE_THE_ROOT;
    }
  }

  async onModuleDestroy(): Promise<void> {
    await Drain.installedIn(this.#host.httpAdapter)?.begin();
  }
}
