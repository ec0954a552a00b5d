import { setMaxListeners } from 'node:events';
import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ApplicationConfig, HttpAdapterHost, ModuleRef } from '@nestjs/core';
import type { Endpoint } from '../endpoint/endpoint.js';
import { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { ConfigurationError } from '../errors/index.js';
import { Gate } from '../gate/gate.js';
import { servingProvider } from '../gate/serving-provider.js';
import { Drain } from '../lifecycle/drain.js';
import { Readiness } from '../lifecycle/readiness.js';
import { isWorkerProcess } from '../lifecycle/role.js';
import { ServingMetrics } from '../metrics/index.js';
import { statusOf } from '../http/route-decoration.js';
import { JobDesk } from './job-desk.js';
import { JobRoutes, type Reception } from './job-routes.js';
import { JobRunner } from './job-runner.js';
import type { JobBackend, JobWorker } from './job-store.js';
import { JobWorkers } from './job-workers.js';
import { fillJobsOptions, type FilledJobsOptions, type JobsModuleOptions } from './jobs-options.js';
import { MemoryBackend } from './memory-backend.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN, ASYNC_OPTIONS_TYPE } =
  new ConfigurableModuleBuilder<JobsModuleOptions>({ moduleName: 'Jobs' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createJobsOptions')
    .build();

/** Of a text that is sent without a type, by adapter. */
const TEXT_TYPES: Readonly<Record<string, string>> = {
  express: 'text/html; charset=utf-8',
  fastify: 'text/plain; charset=utf-8',
};

const FILLED_OPTIONS = Symbol('JobsOptions');
const BACKEND = Symbol('JobBackend');

/**
 * Makes jobs of calls whose clients send `Prefer: respond-async`, at every endpoint with the option `jobs`:
 * they are kept in Redis, run by this process or another, and answered when they are asked for. Needs the
 * packages bullmq and ioredis.
 *
 * @example
 * ```ts
 * @ModelEndpoint('/summarise', summarySchema, { timeout: 600_000, jobs: true })
 * export class Summariser {
 *   predict({ text }: SummaryRequest, context: PredictContext) {
 *     return this.model.summarise(text, (done) => context.progress(done), context.signal);
 *   }
 * }
 *
 * @Module({
 *   imports: [
 *     ModelServingModule.forRoot(),
 *     JobsModule.forRoot({ connection: 'redis://localhost:6379' }),
 *   ],
 *   controllers: [Summariser],
 * })
 * export class AppModule {}
 * ```
 */
@Module({
  providers: [
    { provide: FILLED_OPTIONS, useFactory: fillJobsOptions, inject: [MODULE_OPTIONS_TOKEN] },
    { provide: BACKEND, useFactory: openBackend, inject: [FILLED_OPTIONS] },
  ],
})
export class JobsModule
  extends ConfigurableModuleClass
  implements NestModule, OnApplicationShutdown
{
  readonly #options: FilledJobsOptions;
  readonly #modules: ModuleRef;
  readonly #host: HttpAdapterHost;
  readonly #app: ApplicationConfig;
  readonly #backend: JobBackend;
  #workers: JobWorkers | undefined;

  constructor(
    @Inject(FILLED_OPTIONS) options: FilledJobsOptions,
    @Inject(BACKEND) backend: JobBackend,
    modules: ModuleRef,
    host: HttpAdapterHost,
    app: ApplicationConfig,
  ) {
    super();
    this.#options = options;
    this.#backend = backend;
    this.#modules = modules;
    this.#host = host;
    this.#app = app;
  }

  /** @throws {ConfigurationError} when the app starts, for an option that makes no sense */
  static override forRoot(options: JobsModuleOptions): DynamicModule {
    return super.forRoot(options);
  }

  static override forRootAsync(options: typeof ASYNC_OPTIONS_TYPE): DynamicModule {
    return super.forRootAsync(options);
  }

  /** Before Nest makes the routes, which those of jobs are to stand beside. */
  configure(_consumer: MiddlewareConsumer): void {
    const registry = this.#find(EndpointRegistry);
    registry.onBound(() => this.#install(registry));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#workers?.release();
    await this.#backend.close();
  }

  #install(registry: EndpointRegistry): void {
    const endpoints = registry.endpoints.filter(({ options }) => options.jobs !== undefined);
    if (endpoints.length === 0) return;
    if (endpoints[0]!.deferral !== undefined) {
      throw new ConfigurationError(
        'JobsModule: expected one forRoot() or forRootAsync() of it in the whole app, got several',
      );
    }
    const adapter = this.#host.httpAdapter;
    const backend = this.#backend;
    const logger = new Logger('Jobs');
    if (backend.warning !== undefined) logger.warn(backend.warning);
    const drain = Drain.for(adapter);
    const leaving = new AbortController();
    // Each client that waits for a job listens to it.
    setMaxListeners(0, leaving.signal);
    drain.onBegin(() => leaving.abort());
    const receptions = new Map<Endpoint, Reception>();
    const starts: (() => JobWorker)[] = [];
    const workers = new JobWorkers(() => starts.map((start) => start()));
    this.#workers = workers;
    for (const endpoint of endpoints) {
      const { reception, start } = this.#open(endpoint, backend, workers, leaving.signal);
      receptions.set(endpoint, reception);
      starts.push(start);
    }
    new JobRoutes(adapter, this.#app.getVersioning(), receptions).install(registry.places);
    if (!this.#options.process && !isWorkerProcess()) return;
    drain.add(workers);
    drain.onCut(() => workers.cut());
    this.#find(Readiness).onReady(() => workers.begin());
  }

  #open(endpoint: Endpoint, backend: JobBackend, workers: JobWorkers, leaving: AbortSignal) {
    const { resultTtl, backoff } = this.#options;
    const gate = this.#find(Gate);
    const { attempts, timeout, maxWaiting } = endpoint.options.jobs!;
    const queue = queueOf(endpoint);
    const { route, controller, method } = endpoint;
    const onEnd = this.#find(ServingMetrics).watchJobs({
      route,
      queue,
      levels: () => store.levels(),
    });
    const store = backend.open({ queue, attempts, timeout, maxWaiting, resultTtl, onEnd });
    const receive = gate.receive(endpoint, 'http');
    const desk = new JobDesk({ endpoint, store, receive, leaving });
    endpoint.deferral = desk;
    const runner = new JobRunner({
      endpoint,
      gate,
      status: statusOf(controller.prototype[method] as object),
      textType: TEXT_TYPES[this.#host.httpAdapter.getType()]!,
      backoff,
      isCut: () => workers.isCut,
    });
    const start = () => store.work(runner.run, fetchedBy(endpoint));
    return { reception: { desk, receive }, start };
  }

  #find<T>(provider: abstract new (...args: never[]) => T): T {
    return servingProvider('JobsModule', this.#modules, provider);
  }
}

/** Whoever keeps jobs in memory needs no package for Redis. */
async function openBackend(options: FilledJobsOptions): Promise<JobBackend> {
  if (options.connection === 'memory') return new MemoryBackend();
  const { RedisBackend } = await import('./redis-backend.js').catch((cause) => {
    throw new ConfigurationError(
      'JobsModule: expected the packages bullmq and ioredis to be installed beside a connection to Redis, got none: npm install bullmq ioredis',
      { cause },
    );
  });
  return RedisBackend.connect(options);
}

/** The same for all processes and versions of an app: a job of the old one is run by the new one. */
function queueOf({ route, routeVersion, hosts }: Endpoint): string {
  // BullMQ allows no colon in it, and what is encoded holds none of what stands between its parts.
  const listed = (parts: readonly unknown[]) =>
    parts.map((part) => encodeURIComponent(String(part)));
  const path = listed(route.split('/')).join('/');
  const versions = listed([routeVersion ?? []].flat()).map((version) => `@${version}`);
  const names = listed(hosts).map((host) => `,${host}`);
  return [path, ...versions, ...names].join('');
}

/**
 * How many jobs to have in hand: as many as run at once and, where they run in batches, as many again, so
 * that there is another batch when one ends.
 */
function fetchedBy({ options }: Endpoint): number {
  const { maxConcurrency, batch, maxQueue } = options;
  if (batch === undefined) return maxConcurrency;
  const running = maxConcurrency * batch.maxSize;
  return running + Math.min(running, maxQueue);
}
