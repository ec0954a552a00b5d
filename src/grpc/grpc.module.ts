import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef, ModulesContainer } from '@nestjs/core';
import { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { Gate } from '../gate/gate.js';
import { servingProvider } from '../gate/serving-provider.js';
import { UploadBudget } from '../gate/upload-budget.js';
import { Drain } from '../lifecycle/drain.js';
import { putOutermost } from '../lifecycle/outermost.js';
import { Readiness } from '../lifecycle/readiness.js';
import { fillGrpcOptions, type FilledGrpcOptions, type GrpcModuleOptions } from './grpc-options.js';
import { GrpcServer } from './grpc-server.js';
import type { OwnService } from './own-service.js';
import { ServiceSource } from './service-source.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<GrpcModuleOptions>({ moduleName: 'Grpc' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createGrpcOptions')
    .build();

const FILLED_OPTIONS = Symbol('GrpcOptions');

/**
 * Serves by gRPC every endpoint whose schema says `rpc`: on the app's own port beside HTTP/1.1, or on a
 * port of its own. Needs the package @grpc/grpc-js.
 *
 * @example
 * ```ts
 * @ModelEndpoint('/greet', protobufSchema('greeter.proto', { rpc: 'Greeter.Greet' }))
 * export class Greeter {
 *   predict({ name }: GreetRequest) {
 *     return { greeting: `Hello, ${name}` };
 *   }
 * }
 *
 * @Module({ imports: [ModelServingModule.forRoot(), GrpcModule.forRoot()], controllers: [Greeter] })
 * export class AppModule {}
 * ```
 */
@Module({
  providers: [
    { provide: FILLED_OPTIONS, useFactory: fillGrpcOptions, inject: [MODULE_OPTIONS_TOKEN] },
  ],
})
export class GrpcModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #options: FilledGrpcOptions;
  readonly #modules: ModuleRef;
  readonly #host: HttpAdapterHost;
  #server: GrpcServer | undefined;

  constructor(
    @Inject(FILLED_OPTIONS) options: FilledGrpcOptions,
    modules: ModuleRef,
    host: HttpAdapterHost,
    all: ModulesContainer,
  ) {
    super();
    // As HTTP's, a port of its own opens when the whole app has started.
    putOutermost(GrpcModule, all);
    this.#options = options;
    this.#modules = modules;
    this.#host = host;
  }

  /** @throws {ConfigurationError} when the app starts, for an option that makes no sense */
  static override forRoot(options: GrpcModuleOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** The port of its own that it listens on; `undefined` where it shares the app's. */
  get port(): number | undefined {
    return this.#server?.port;
  }

  /** By then all routes are made, and with them the endpoints. */
  async onApplicationBootstrap(): Promise<void> {
    const { httpAdapter } = this.#host;
    if (!httpAdapter) return;
    this.#server = new GrpcServer(this.#options, {
      endpoints: this.#find(EndpointRegistry).endpoints,
      gate: this.#find(Gate),
      readiness: this.#find(Readiness),
      uploads: this.#find(UploadBudget),
      drain: Drain.for(httpAdapter),
      services: await Promise.all(
        this.#sources.map((source) => source.load() as Promise<OwnService>),
      ),
    });
    await this.#server.start(httpAdapter.getHttpServer());
  }

  onApplicationShutdown(): void {
    this.#server?.stop();
  }

  get #sources(): readonly ServiceSource[] {
    try {
      return this.#modules.get(ServiceSource, { strict: false, each: true });
    } catch {
      // No room has any.
      return [];
    }
  }

  #find<T>(provider: abstract new (...args: never[]) => T): T {
    return servingProvider('GrpcModule', this.#modules, provider);
  }
}
