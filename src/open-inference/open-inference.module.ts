import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type DynamicModule,
  type NestModule,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost, ModuleRef } from '@nestjs/core';
import { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { ConfigurationError } from '../errors/index.js';
import { Gate } from '../gate/gate.js';
import { servingProvider } from '../gate/serving-provider.js';
import { ServiceSource } from '../grpc/service-source.js';
import { UploadBudget } from '../gate/upload-budget.js';
import { Readiness } from '../lifecycle/readiness.js';
import { ServingMetrics } from '../metrics/index.js';
import {
  fillOpenInferenceOptions,
  type OpenInferenceModuleOptions,
} from './open-inference-options.js';
import { InferDoor } from './rest/infer-door.js';
import { mount } from './rest/mount.js';
import { answerIndex, answerQuestion, refuseMethod, reply, type Arrival } from './rest/question.js';
import { methodOf, type Asked } from './rest/route.js';
import { ServedModels } from './served-models.js';
import { EndpointStatistics } from './statistics.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<OpenInferenceModuleOptions>({ moduleName: 'OpenInference' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createOpenInferenceOptions')
    .build();

const FILLED_OPTIONS = Symbol('OpenInferenceOptions');

/**
 * Serves every endpoint as a model of the Open Inference Protocol, version 2, for the clients of Triton,
 * KServe and MLServer: by HTTP on the app's port, and by gRPC where the app has a `GrpcModule`. An endpoint
 * whose answers are a stream is none.
 *
 * @example
 * ```ts
 * @Module({
 *   imports: [ModelServingModule.forRoot(), OpenInferenceModule.forRoot()],
 *   controllers: [IrisClassifier],
 * })
 * export class AppModule {}
 * ```
 */
@Module({
  providers: [
    {
      provide: FILLED_OPTIONS,
      useFactory: fillOpenInferenceOptions,
      inject: [MODULE_OPTIONS_TOKEN],
    },
    {
      provide: ServiceSource,
      useFactory: (modules: ModuleRef): ServiceSource => ({
        load: () => modules.get(OpenInferenceModule).service(),
      }),
      inject: [ModuleRef],
    },
  ],
})
export class OpenInferenceModule
  extends ConfigurableModuleClass
  implements NestModule, OnModuleInit, OnApplicationBootstrap
{
  readonly #options: Required<OpenInferenceModuleOptions>;
  readonly #modules: ModuleRef;
  readonly #host: HttpAdapterHost;
  #served: ServedModels | undefined;
  #inferences: InferDoor | undefined;

  constructor(
    @Inject(FILLED_OPTIONS) options: Required<OpenInferenceModuleOptions>,
    modules: ModuleRef,
    host: HttpAdapterHost,
  ) {
    super();
    this.#options = options;
    this.#modules = modules;
    this.#host = host;
  }

  /** @throws {ConfigurationError} when the app starts, for an option that makes no sense */
  static override forRoot(options: OpenInferenceModuleOptions = {}): DynamicModule {
    return super.forRoot(options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** Before Nest makes the routes, and with them the endpoints. */
  configure(): void {
    const all = this.#modules.get(OpenInferenceModule, { strict: false, each: true });
    if (all.length > 1) {
      throw new ConfigurationError(
        'OpenInferenceModule: expected one forRoot() or forRootAsync() of it in the whole app, got several',
      );
    }
    this.#find(ServingMetrics).observe(() => new EndpointStatistics());
  }

  onModuleInit(): void {
    const { httpAdapter } = this.#host;
    if (!httpAdapter) return;
    mount(httpAdapter, this.#options.prefix, (asked, arrival) => this.#serve(asked, arrival));
  }

  /** By then all endpoints are made: what does not fit stops the app. */
  onApplicationBootstrap(): void {
    this.#inferences = new InferDoor(this.#models, this.#find(UploadBudget), this.#find(Readiness));
  }

  /** The service for the server of gRPC, which loads its package: asked for where the app speaks gRPC. */
  service(): ReturnType<ServiceSource['load']> {
    return import('./grpc/inference-service.js').then(
      ({ InferenceService }) => new InferenceService(this.#models, this.#find(UploadBudget)),
    );
  }

  #serve(asked: Asked, arrival: Arrival): void {
    const { method } = arrival.request;
    const expected = methodOf(asked);
    if (method !== expected && !(method === 'HEAD' && expected === 'GET')) {
      return refuseMethod(asked, arrival);
    }
    if (asked.what === 'index') {
      return answerIndex(this.#models, this.#find(UploadBudget), arrival);
    }
    if (asked.what !== 'infer') return answerQuestion(this.#models, asked, arrival);
    let endpoint;
    try {
      endpoint = this.#models.find(asked.model, asked.version);
    } catch (error) {
      return reply(arrival, () => {
        throw error;
      });
    }
    const version = asked.version === undefined ? '' : '/versions/:version';
    const route = `${this.#options.prefix}/models/:model${version}/infer`;
    this.#inferences!.enter({ ...arrival, endpoint, route });
  }

  get #models(): ServedModels {
    return (this.#served ??= new ServedModels(this.#find(EndpointRegistry).endpoints, {
      gate: this.#find(Gate),
      readiness: this.#find(Readiness),
      serverName: this.#options.serverName,
    }));
  }

  #find<T>(provider: abstract new (...args: never[]) => T): T {
    return servingProvider('OpenInferenceModule', this.#modules, provider);
  }
}
