import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { ModelExceptionFilter } from '../http/model-exception.filter.js';
import { ModelInterceptor } from '../interceptors/model.interceptor.js';

/** The keys Nest keeps these decorators' arguments under, on a class and on a method. */
const GUARDS = '__guards__';
const INTERCEPTORS = '__interceptors__';
const FILTERS = '__exceptionFilters__';
const PIPES = '__pipes__';
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
  const interceptors = interceptorsOf(route);
  if (intercepted) interceptors.push(interceptor);
  Reflect.defineMetadata(INTERCEPTORS, interceptors, route);

  // Nest asks the filters of a method before those of its class: the class's have to come along.
  const filters = own(FILTERS, route);
  if (!filters.includes(filter)) {
    Reflect.defineMetadata(FILTERS, [filter, ...own(FILTERS, controller), ...filters], route);
  }
  const config = Reflect.getMetadata(FASTIFY_CONFIG, route) as object | undefined;
  Reflect.defineMetadata(FASTIFY_CONFIG, { ...config, modelEndpoint: route }, route);
}

/** Whether class or method bind guards. */
export function bindsGuards(controller: Type, route: object): boolean {
  return own(GUARDS, controller).length + own(GUARDS, route).length > 0;
}

/** Whether the host that a class is bound to, if it is, has parameters. */
export function answersManyHosts(controller: Type): boolean {
  const host: unknown = Reflect.getMetadata(HOST, controller);
  return [host].flat().some((one) => one instanceof RegExp || /[:*{]/.test(String(one ?? '')));
}

/** Whether class or method bind interceptors of the app's own. */
export function bindsInterceptors(controller: Type, route: object): boolean {
  return own(INTERCEPTORS, controller).length + interceptorsOf(route).length > 0;
}

/** Those of the app; another app of the process may have given the route its own place. */
function interceptorsOf(route: object): unknown[] {
  return own(INTERCEPTORS, route).filter((item) => item !== interceptor);
}

/** Whether class, method or a parameter of it bind pipes. */
export function bindsPipes(controller: Type, method: string, route: object): boolean {
  return (
    own(PIPES, controller).length > 0 ||
    own(PIPES, route).length > 0 ||
    parameters(controller, method).some(({ pipes }) => pipes !== undefined && pipes.length > 0)
  );
}

/** The version that tells a route apart from others on its path, of the method or else of the class. */
export function versionOf(controller: Type, route: object): string {
  const version: unknown =
    Reflect.getMetadata(VERSION, route) ?? Reflect.getMetadata(VERSION, controller) ?? '';
  return [version].flat().map(String).join(); // one of them may be the symbol VERSION_NEUTRAL
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
  readonly pipes?: readonly unknown[];
}

function parameters(controller: object, method: string): Parameter[] {
  return Object.values(Reflect.getMetadata(PARAMETERS, controller, method) ?? {});
}
