import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { CACHE_MANAGER } from '@nestjs/cache-manager';
import {
  ApplicationConfig,
  DiscoveryModule,
  HttpAdapterHost,
  ModulesContainer,
  type AbstractHttpAdapter,
} from '@nestjs/core';
import { cacheProvider, GuardedStore, type CacheLike } from './cache/index.js';
import { EndpointRegistry } from './endpoint/endpoint-registry.js';
import { Gate } from './gate/gate.js';
import { UploadBudget } from './gate/upload-budget.js';
import { ConfigurationError, ServingError } from './errors/index.js';
import { installProbes } from './http/probes.js';
import { DrainModule } from './lifecycle/drain.module.js';
import { Drain } from './lifecycle/drain.js';
import { Readiness } from './lifecycle/readiness.js';
import { warmUp } from './lifecycle/warm-up.js';
import { ServingMetrics } from './metrics/index.js';
import {
  FILLED_OPTIONS,
  fillModuleOptions,
  type FilledModelServingOptions,
  type ModelServingExtras,
  type ModelServingOptions,
} from './module-options.js';
import { EndpointDiscovery } from './routing/endpoint-discovery.js';
import { createHttpTransport, type HttpTransport } from './routing/http-transport.js';
import { clusterLink } from './serve/cluster-link.js';
import { loadTracing, type Tracing } from './tracing/index.js';
import { VERSION } from './version.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<ModelServingOptions>({ moduleName: 'ModelServing' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createModelServingOptions')
    .setExtras<ModelServingExtras>({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal ?? true,
    }))
    .build();

const CACHE_OPTIONS = Symbol('ModelServingCacheOptions');
const TRACING = Symbol('ModelServingTracing');

/**
 * Serves the app's `@ModelEndpoint` classes and methods.
 *
 * @example
 * ```ts
 * @Module({ imports: [ModelServingModule.forRoot()], controllers: [LanguageClassifier] })
 * export class AppModule {}
 * ```
 */
@Module({
  imports: [DiscoveryModule, DrainModule],
  providers: [
    { provide: FILLED_OPTIONS, useFactory: fillModuleOptions, inject: [MODULE_OPTIONS_TOKEN] },
    {
      provide: CACHE_OPTIONS,
      useFactory: ({ cache }: FilledModelServingOptions) => cache,
      inject: [FILLED_OPTIONS],
    },
    cacheProvider(CACHE_OPTIONS),
    {
      provide: GuardedStore,
      useFactory: (cache: CacheLike, { cache: { timeout } }: FilledModelServingOptions) =>
        new GuardedStore(cache, { timeout, log: new Logger('ModelServingCache') }),
      inject: [CACHE_MANAGER, FILLED_OPTIONS],
    },
    {
      provide: ServingMetrics,
      useFactory: ({ metrics }: FilledModelServingOptions) => new ServingMetrics(metrics, VERSION),
      inject: [FILLED_OPTIONS],
    },
    {
      provide: TRACING,
      useFactory: ({ tracing }: FilledModelServingOptions) => loadTracing(tracing, VERSION),
      inject: [FILLED_OPTIONS],
    },
    {
      provide: Readiness,
      useFactory: (metrics: ServingMetrics) => new Readiness(metrics, clusterLink()),
      inject: [ServingMetrics],
    },
    {
      provide: UploadBudget,
      useFactory: ({ maxUploadBytes }: FilledModelServingOptions) =>
        new UploadBudget(maxUploadBytes),
      inject: [FILLED_OPTIONS],
    },
    EndpointDiscovery,
    Gate,
    {
      provide: EndpointRegistry,
      useFactory: (metrics: ServingMetrics, store: GuardedStore, tracing: Tracing | undefined) =>
        new EndpointRegistry(metrics, store, tracing),
      inject: [ServingMetrics, GuardedStore, TRACING],
    },
  ],
  exports: [CACHE_MANAGER],
})
export class ModelServingModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown
{
  readonly #options: FilledModelServingOptions;
  readonly #host: HttpAdapterHost;
  readonly #app: ApplicationConfig;
  readonly #readiness: Readiness;
  readonly #metrics: ServingMetrics;
  readonly #discovery: EndpointDiscovery;
  readonly #registry: EndpointRegistry;
  readonly #gate: Gate;
  readonly #uploads: UploadBudget;
  #transport: HttpTransport | undefined;

  constructor(
    @Inject(FILLED_OPTIONS) options: FilledModelServingOptions,
    host: HttpAdapterHost,
    app: ApplicationConfig,
    modules: ModulesContainer,
    readiness: Readiness,
    metrics: ServingMetrics,
    discovery: EndpointDiscovery,
    registry: EndpointRegistry,
    gate: Gate,
    uploads: UploadBudget,
  ) {
    super();
    refuseTwins(modules);
    this.#options = options;
    this.#host = host;
    this.#app = app;
    this.#readiness = readiness;
    this.#metrics = metrics;
    this.#discovery = discovery;
    this.#registry = registry;
    this.#gate = gate;
    this.#uploads = uploads;
  }

  static override forRoot(options: ModelServingOptions & ModelServingExtras = {}): DynamicModule {
    return super.forRoot(options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** The last moment before Nest makes the routes, when prefix, versioning and global parts are known. */
  configure(_consumer: MiddlewareConsumer): void {
    const adapter = this.#host.httpAdapter;
    const { defaults, cache } = this.#options;
    this.#registry.plan(this.#discovery.find(defaults, cache.ttl), cache);
    this.#transport = createHttpTransport(
      adapter,
      this.#registry,
      this.#discovery.controllers,
      this.#readiness,
      this.#app.getVersioning(),
      this.#uploads,
      this.#gate,
    );
    this.#transport.prepare();
    installProbes(adapter, this.#options.paths, {
      readiness: this.#readiness,
      registry: this.#registry,
      cluster: clusterLink(),
    });
  }

  onModuleInit(): void {
    this.#transport?.connect();
    this.#metrics.collectProcessMetrics();
    if (this.#transport !== undefined) this.#prepareDrain(this.#host.httpAdapter);
  }

  async onApplicationBootstrap(): Promise<void> {
    for (const endpoint of this.#registry.endpoints) await warmUp(endpoint);
    this.#readiness.watch(this.#registry.endpoints);
    this.#readiness.enter('ready');
  }

  onApplicationShutdown(): void {
    for (const { refusals } of this.#registry.endpoints) refusals.flush();
    this.#metrics.close();
  }

  #prepareDrain(adapter: AbstractHttpAdapter): void {
    const drain = Drain.for(adapter);
    drain.configure(this.#options.drain);
    drain.onBegin(() => {
      this.#readiness.enter('draining');
      this.#registry.brake.release();
    });
    drain.onCut(() => {
      this.#readiness.enter('closed');
      this.#registry.brake.release();
      const message = 'The server is shutting down';
      // What has begun may have had its effect: its client is not told to send it again.
      const begun = new ServingError('Unavailable', message);
      const waiting = new ServingError('Unavailable', message, { retryAfter: 1 });
      for (const endpoint of this.#registry.endpoints) endpoint.cancelAll(begun, waiting);
    });
  }
}

/** Each would take the other's endpoints for its own. */
function refuseTwins(modules: ModulesContainer): void {
  const twins = [...modules.values()].filter(({ metatype }) => metatype === ModelServingModule);
  if (twins.length > 1) {
    throw new ConfigurationError(
      `ModelServingModule: expected forRoot() or forRootAsync() in one module of the app, got ${twins.length} different imports`,
    );
  }
}
