import type { ExceptionFilter, Type, VersioningOptions } from '@nestjs/common';
import type { AnswerCache, CachePolicy } from '../cache/index.js';
import type { ServingError } from '../errors/index.js';
import {
  createExecutor,
  type CallLog,
  type Executor,
  type Predict,
  type RefusalBrake,
} from '../execution/index.js';
import { logStack, RefusalLog, StructuredLogger, type LineLevel } from '../logging/index.js';
import type { EndpointMetrics } from '../metrics/index.js';
import type { CompiledSchema } from '../schema/index.js';
import type { CallTrace, EndpointTracing } from '../tracing/index.js';
import type { EndpointDeclaration } from './declaration.js';
import type { FilledEndpointOptions } from './filled-options.js';

/** Which of Nest's kinds of wrapping the app binds to an endpoint: to all, to its class or to its method. */
export interface Bindings {
  readonly guards: boolean;
  readonly pipes: boolean;
  readonly interceptors: boolean;
  readonly filters: boolean;
}

/** What a decorator declares and an app decides, checked and resolved; the route is not known yet. */
export interface EndpointPlan {
  /** `Class` or `Class.method`, as messages name it. */
  readonly owner: string;
  readonly controller: Type;
  readonly method: string;
  readonly declaration: EndpointDeclaration;
  readonly options: FilledEndpointOptions;
  readonly schema: CompiledSchema | undefined;
  readonly cachePolicy: CachePolicy | undefined;
  /** The controller, where one instance serves every request. */
  readonly instance: object | undefined;
  readonly bound: Bindings;
  /** Finds the global filter that names an error. */
  readonly filterFor: (error: unknown) => ExceptionFilter | undefined;
  /** The version of the route, or several; `undefined` where it has none. */
  readonly routeVersion: VersioningOptions['defaultVersion'] | undefined;
  /** The hosts that the controller is bound to; none where it serves every one. */
  readonly hosts: readonly (string | RegExp)[];
}

/** What a plan becomes part of when Nest has composed its route. */
export interface EndpointSurroundings {
  /** The route's template, the `endpoint` label of metrics; the first one where Nest makes several. */
  readonly route: string;
  readonly metrics: EndpointMetrics;
  readonly cache: AnswerCache | undefined;
  readonly brake: RefusalBrake;
  readonly tracing: EndpointTracing | undefined;
}

/** What lines of a log belong to. */
export interface LogOrigin {
  readonly requestId: string;
  readonly trace?: CallTrace | undefined;
}

/**
 * Everything there is to know about one endpoint, resolved once, at boot. Code that runs per
 * request only reads it.
 */
export class Endpoint {
  readonly route: string;
  readonly options: FilledEndpointOptions;
  readonly schema: CompiledSchema | undefined;
  readonly cache: AnswerCache | undefined;
  readonly executor: Executor;
  readonly metrics: EndpointMetrics;
  readonly refusals: RefusalLog;
  readonly brake: RefusalBrake;
  readonly tracing: EndpointTracing | undefined;
  readonly instance: object | undefined;
  readonly bound: Bindings;
  readonly filterFor: EndpointPlan['filterFor'];
  readonly #plan: EndpointPlan;
  readonly #logger: StructuredLogger;
  #inFlight = 0;

  constructor(plan: EndpointPlan, surroundings: EndpointSurroundings) {
    const { route, metrics, cache, brake, tracing } = surroundings;
    this.route = route;
    this.options = plan.options;
    this.schema = plan.schema;
    this.cache = cache;
    this.metrics = metrics;
    this.brake = brake;
    this.tracing = tracing;
    this.executor = createExecutor(
      plan.declaration.predict as Predict,
      plan.options,
      metrics,
      tracing,
    );
    this.instance = plan.instance;
    this.bound = plan.bound;
    this.filterFor = plan.filterFor;
    this.#plan = plan;
    this.#logger = new StructuredLogger(plan.options.name);
    this.refusals = new RefusalLog(this.#logger, route);
  }

  /** `Class` or `Class.method`, as messages name it. */
  get owner(): string {
    return this.#plan.owner;
  }

  get declaration(): EndpointDeclaration {
    return this.#plan.declaration;
  }

  get controller(): Type {
    return this.#plan.controller;
  }

  get method(): string {
    return this.#plan.method;
  }

  get hosts(): readonly (string | RegExp)[] {
    return this.#plan.hosts;
  }

  /** Requests that have arrived and are not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get queueDepth(): number {
    return this.executor.queued;
  }

  /** Whether every slot has been held for longer than `stallTimeout` by work whose deadline has passed. */
  get stalled(): boolean {
    const since = this.executor.overdueSince;
    return since !== undefined && performance.now() - since > this.options.stallTimeout;
  }

  arrived(): void {
    this.#inFlight++;
  }

  departed(): void {
    this.#inFlight--;
  }

  /** Fails every call that runs with `begun`, and every one that waits with `waiting`. */
  cancelAll(begun: ServingError, waiting: ServingError): void {
    // First those that the end of others would start.
    this.cache?.flights.cancelWaiting(waiting);
    this.executor.cancelAll(begun, waiting);
  }

  is(controller: unknown, method: string): boolean {
    return this.controller === controller && this.method === method;
  }

  logFor(origin: LogOrigin): CallLog {
    const logger = this.#logger;
    const write = (level: LineLevel, message: string, stack?: string) => {
      const { requestId, trace } = origin;
      const ids = this.tracing?.idsOf(trace);
      logger.write(level, message, { requestId, endpoint: this.route, ...ids }, stack);
    };
    return {
      error: (message, cause) =>
        write('error', message, cause === undefined ? undefined : logStack(cause)),
      warn: (message) => write('warn', message),
      log: (message) => write('log', message),
      debug: (message) => write('debug', message),
    };
  }
}
