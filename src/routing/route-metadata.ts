import 'reflect-metadata';
import { ValidationPipe, type Type, type VersioningOptions } from '@nestjs/common';
import { ModelExceptionFilter } from './model-exception.filter.js';
import { ModelInterceptor } from './model.interceptor.js';

/** The keys Nest keeps these decorators' arguments under, on a class and on a method. */
const GUARDS = '__guards__';
const INTERCEPTORS = '__interceptors__';
const FILTERS = '__exceptionFilters__';
const PIPES = '__pipes__';
const PARAMETER_TYPES = 'design:paramtypes';
const PARAMETERS = '__routeArguments__';
const VERSION = '__version__';
const HOST = 'host';
/** The key Nest's Fastify adapter reads a route's own `config` from. */
const FASTIFY_CONFIG = '__fastify_route_config__';

const interceptor = new ModelInterceptor();
const filter = new ModelExceptionFilter();

/**
 * Gives a route its places among what the app has bound to class and method, now that all decorators
 * have run: the interceptor, where it is needed, innermost, so that the app's own see every answer;
 * the filter last to be asked, so that the app's own are asked first.
 */
export function arrangeRoute(controller: Type, route: object, intercepted: boolean): void {
  const { interceptors, filters } = boundTo(route);
  const arranged = intercepted ? [...interceptors, interceptor] : interceptors;
  Reflect.defineMetadata(INTERCEPTORS, arranged, route);
  // Nest asks the filters of a method before those of its class: the class's have to come along.
  Reflect.defineMetadata(FILTERS, [filter, ...own(FILTERS, controller), ...filters], route);
  const config = Reflect.getMetadata(FASTIFY_CONFIG, route) as object | undefined;
  Reflect.defineMetadata(FASTIFY_CONFIG, { ...config, modelEndpoint: route }, route);
}

/** Whether class or method bind guards. */
export function bindsGuards(controller: Type, route: object): boolean {
  return own(GUARDS, controller).length + own(GUARDS, route).length > 0;
}

/** Whether class or method bind filters of the app's own. */
export function bindsFilters(controller: Type, route: object): boolean {
  return own(FILTERS, controller).length + boundTo(route).filters.length > 0;
}

/** Whether the host that a class is bound to, if it is, has parameters. */
export function answersManyHosts(controller: Type): boolean {
  return hostsOf(controller).some((one) => one instanceof RegExp || /[:*{]/.test(one));
}

/** Whether class or method bind interceptors of the app's own. */
export function bindsInterceptors(controller: Type, route: object): boolean {
  return own(INTERCEPTORS, controller).length + boundTo(route).interceptors.length > 0;
}

const BOUND = Symbol('nestjs-model-serving:bound');

interface Bound {
  readonly interceptors: readonly unknown[];
  readonly filters: readonly unknown[];
}

/**
 * What decorators have bound to a route, remembered before it is arranged: another app of the process
 * arranges it again, and a subclass's route begins with its parent's metadata.
 */
function boundTo(route: object): Bound {
  let bound: Bound | undefined = Reflect.getMetadata(BOUND, route);
  if (bound === undefined) {
    bound = { interceptors: own(INTERCEPTORS, route), filters: own(FILTERS, route) };
    Reflect.defineMetadata(BOUND, bound, route);
  }
  return bound;
}

/** Whether class, method or a parameter of it bind pipes, or a parameter takes a part of the body. */
export function bindsPipes(controller: Type, method: string, route: object): boolean {
  return (
    own(PIPES, controller).length > 0 ||
    own(PIPES, route).length > 0 ||
    parameters(controller, method).some(
      ({ data, pipes = [] }) => data !== undefined || pipes.length > 0,
    )
  );
}

/**
 * Whether a ValidationPipe would let every input pass: TypeScript keeps the types of a method that has
 * a decorator, on itself or on a parameter, and in the class form `predict` needs none.
 */
export function hidesTypes(
  controller: Type,
  method: string,
  route: object,
  globalPipes: readonly unknown[],
): boolean {
  if (Reflect.hasMetadata(PARAMETER_TYPES, controller.prototype, method)) return false;
  const pipes = [...globalPipes, ...own(PIPES, controller), ...own(PIPES, route)];
  return pipes.some((pipe) => pipe === ValidationPipe || pipe instanceof ValidationPipe);
}

/** The version, or versions, of a route: the method's own, or else the class's. */
export function versionOf(
  controller: Type,
  route: object,
): VersioningOptions['defaultVersion'] | undefined {
  return Reflect.getMetadata(VERSION, route) ?? Reflect.getMetadata(VERSION, controller);
}

/** The hosts that a controller is bound to; none where it serves every one. */
export function hostsOf(controller: Type): (string | RegExp)[] {
  const hosts: unknown = Reflect.getMetadata(HOST, controller);
  return hosts === undefined ? [] : ([hosts].flat() as (string | RegExp)[]);
}

/** Whether a decorator says what a parameter of a method is made of. */
export function hasParameter(controller: object, method: string, index: number): boolean {
  return parameters(controller, method).some((parameter) => parameter.index === index);
}

/** What the library puts on a route's parameters: Nest's kinds of parameter for body and request. */
const INPUT = '3:0';
const REQUEST = '0:1';

/** The first parameter of a method that a decorator fills with something else than a route passes. */
export function foreignParameter(controller: Type, method: string): number | undefined {
  const kinds = Reflect.getMetadata(PARAMETERS, controller, method) as Record<string, Parameter>;
  return Object.entries(kinds).find(([kind]) => kind !== INPUT && kind !== REQUEST)?.[1].index;
}

function own(key: string, target: object): unknown[] {
  return (Reflect.getMetadata(key, target) as unknown[] | undefined) ?? [];
}

interface Parameter {
  readonly index: number;
  /** The name of a field, as in `@Body('text')`. */
  readonly data?: unknown;
  readonly pipes?: readonly unknown[];
}

function parameters(controller: object, method: string): Parameter[] {
  return Object.values(Reflect.getMetadata(PARAMETERS, controller, method) ?? {});
}
