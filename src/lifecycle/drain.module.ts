import { Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { Drain } from './drain.js';
import { putOutermost } from './outermost.js';

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
    putOutermost(DrainModule, modules);
  }

  async onModuleDestroy(): Promise<void> {
    await Drain.installedIn(this.#host.httpAdapter)?.begin();
  }
}
