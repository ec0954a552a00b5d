import { Injectable, Logger, type Type } from '@nestjs/common';
import { ApplicationConfig, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { ConfigurationError } from '../errors/index.js';
import { compileSchema, inPlace } from '../schema/index.js';
import { resolveCachePolicy } from '../endpoint/cache-policy.js';
import { declarationOf, type EndpointDeclaration } from '../endpoint/declaration.js';
import type { Bindings, EndpointPlan } from '../endpoint/endpoint.js';
import type { EndpointDefaults } from '../endpoint/endpoint-options.js';
import { fillEndpointOptions, type FilledEndpointOptions } from '../endpoint/filled-options.js';
import { refuseNeverLoaded } from './request-scope.js';
import { NamedFilters } from './named-filters.js';
import { adoptInherited } from './route.js';
import {
  answersManyHosts,
  arrangeRoute,
  bindsFilters,
  bindsGuards,
  bindsInterceptors,
  bindsPipes,
  foreignParameter,
  hidesTypes,
  hostsOf,
  versionOf,
} from './route-metadata.js';

type Controller = ReturnType<DiscoveryService['getControllers']>[number];

const GENERATOR = /GeneratorFunction\]$/;

/** Finds what the app's controllers declare and makes plans of it. */
@Injectable()
export class EndpointDiscovery {
  readonly #logger = new Logger(EndpointDiscovery.name);
  readonly #discovery: DiscoveryService;
  readonly #scanner: MetadataScanner;
  readonly #app: ApplicationConfig;
  /** Warnings that have been given: a document that is made before the start looks for endpoints as well. */
  readonly #warned = new Set<string>();

  constructor(discovery: DiscoveryService, scanner: MetadataScanner, app: ApplicationConfig) {
    this.#discovery = discovery;
    this.#scanner = scanner;
    this.#app = app;
  }

  get controllers(): Type[] {
    return this.#discovery.getControllers().map(({ metatype }) => metatype as Type);
  }

  /** @throws {ConfigurationError} for the first mistake in a decorator */
  find(defaults: EndpointDefaults, cacheTtl: number): EndpointPlan[] {
    const filters = new NamedFilters(this.#app.getGlobalFilters());
    return this.#discovery.getControllers().flatMap((controller) => {
      const { metatype } = controller;
      const methods = this.#scanner.getAllMethodNames(metatype?.prototype as object);
      adoptInherited(metatype as Type, methods);
      return methods.flatMap(
        (method) => this.#plan(controller, method, defaults, cacheTtl, filters) ?? [],
      );
    });
  }

  #plan(
    wrapper: Controller,
    method: string,
    defaults: EndpointDefaults,
    cacheTtl: number,
    filters: NamedFilters,
  ): EndpointPlan | undefined {
    const controller = wrapper.metatype as Type;
    const route = controller.prototype[method];
    const declaration = declarationOf(route);
    if (declaration === undefined) return undefined;
    const owner = method === 'predict' ? controller.name : `${controller.name}.${method}`;
    const options = fillEndpointOptions(owner, owner, declaration.options, defaults);
    const instance = wrapper.isDependencyTreeStatic() ? (wrapper.instance as object) : undefined;
    if (instance === undefined) refuseBesideRequestScope(owner, options);
    refuseNeverLoaded(owner, wrapper);
    if (!options.stream) refuseGenerator(owner, declaration);
    refuseForeignParameter(owner, controller, method);
    const bound = this.#bindings(controller, method, route);
    arrangeRoute(controller, route, bound.interceptors || bound.pipes);
    if (!declaration.schema && hidesTypes(controller, method, route, this.#app.getGlobalPipes())) {
      this.#warnOnce(
        `${owner}: the ValidationPipe does not see the type of the input; write @Body() before it`,
      );
    }
    const schema =
      declaration.schema === undefined ? undefined : compileSchema(declaration.schema, owner);
    if (!options.stream && schema?.method?.responseStream) {
      throw new ConfigurationError(
        `${owner}: expected stream: true beside rpc ${schema.method.name}, whose response is a stream${inPlace(schema.method)}, got none`,
      );
    }
    return {
      owner,
      controller,
      method,
      declaration,
      options,
      schema,
      cachePolicy: resolveCachePolicy(options.cache, cacheTtl, owner, {
        guarded: bound.guards,
        requestScoped: instance === undefined,
        manyHosts: answersManyHosts(controller),
      }),
      instance,
      bound,
      filterFor: (error) => filters.find(error),
      routeVersion: versionOf(controller, route),
      hosts: hostsOf(controller),
    };
  }

  #warnOnce(text: string): void {
    if (this.#warned.has(text)) return;
    this.#warned.add(text);
    this.#logger.warn(text);
  }

  #bindings(controller: Type, method: string, route: object): Bindings {
    const app = this.#app;
    const any = (...lists: readonly (readonly unknown[])[]) =>
      lists.some(({ length }) => length > 0);
    return {
      guards:
        any(app.getGlobalGuards(), app.getGlobalRequestGuards()) || bindsGuards(controller, route),
      pipes:
        any(app.getGlobalPipes(), app.getGlobalRequestPipes()) ||
        bindsPipes(controller, method, route),
      interceptors:
        any(app.getGlobalInterceptors(), app.getGlobalRequestInterceptors()) ||
        bindsInterceptors(controller, route),
      filters:
        any(app.getGlobalFilters(), app.getGlobalRequestFilters()) ||
        bindsFilters(controller, route),
    };
  }
}

/** What is there once for all requests needs one instance. */
function refuseBesideRequestScope(owner: string, { batch, warmup }: FilledEndpointOptions): void {
  if (!batch && warmup.length === 0) return;
  const option = batch ? 'batch' : 'warmup';
  const expected = `DEFAULT beside the option ${option}`;
  throw ConfigurationError.expected(owner, 'its scope', expected, 'a request scope');
}

function refuseGenerator(owner: string, { predict }: EndpointDeclaration): void {
  if (!GENERATOR.test(Object.prototype.toString.call(predict))) return;
  throw new ConfigurationError(
    `${owner}: expected stream: true beside a generator function, got a predict that makes a stream of items, and no option that sends it`,
  );
}

function refuseForeignParameter(owner: string, controller: Type, method: string): void {
  const foreign = foreignParameter(controller, method);
  if (foreign === undefined) return;
  throw new ConfigurationError(
    `${owner}: expected the parameters (input, context), got a decorator on parameter ${foreign}`,
  );
}
