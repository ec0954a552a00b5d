import 'reflect-metadata';
import type { Type } from '@nestjs/common';
import { declarationOf } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { BoundRoute, EndpointPlace } from '../endpoint/endpoint-registry.js';
import type { RouteCondition } from './endpoint-path.js';

/** The name Express's body parsers give to their layers. */
export const BODY_PARSER = /^(json|urlencoded|text|raw)Parser$/;

/** A layer of Express's router, as far as the library reads it. */
export interface Layer {
  readonly name: string;
  readonly handle: (...args: any[]) => unknown;
  /** Throws where a parameter of the path cannot be decoded. */
  match: (path: string) => unknown;
  readonly route?: {
    readonly path: unknown;
    readonly methods: Readonly<Record<string, boolean>>;
    readonly stack: readonly HandleSlot[];
  };
}

interface HandleSlot {
  handle: Handle;
}

type Handle = ((request: any, response: any, next: any) => unknown) & { readonly name: string };

/** How to find out what Nest asks of a request before it takes it to a route. */
export type ConditionOf = (controller: Type, method: string) => RouteCondition | undefined;

/** A route that answers POST. */
export interface PostRoute {
  readonly path: string;
  matches(path: string): boolean;
  readonly condition: RouteCondition | undefined;
  /** None where the route is the host's: requests that come to it first are its own. */
  readonly endpoint: Endpoint | undefined;
  /** Where Express keeps what it calls for the route. */
  readonly slot: HandleSlot;
}

/** The routes that answer POST, in the order in which Express tries them. */
export function postRoutes(
  stack: readonly Layer[],
  bind: (route: BoundRoute, matches: PostRoute['matches']) => Endpoint,
  controllers: readonly Type[],
  conditionOf: ConditionOf,
): PostRoute[] {
  return stack.flatMap((layer): PostRoute[] => {
    const { route } = layer;
    if (route === undefined || !takesPost(route)) return [];
    const path = String(route.path);
    const matches = (url: string) => matchesLayer(layer, url);
    // Nest gives a route one handle, and copies the metadata of the method to it.
    const slot = route.stack[0]!;
    const { handle } = slot;
    const declaration = declarationOf(handle);
    if (declaration !== undefined) {
      const endpoint = bind({ path, declaration }, matches);
      const condition = conditionOf(endpoint.controller, endpoint.method);
      return [{ path, matches, condition, endpoint, slot }];
    }
    if (passesOn(route.stack)) return [];
    const condition = hostsCondition(handle.name, controllers, conditionOf);
    return [{ path, matches, condition, endpoint: undefined, slot }];
  });
}

/** To which route of which endpoint a request comes; `undefined` where it is for none. */
export type PlaceOf = (request: unknown, path: string) => EndpointPlace | undefined;

/** Finds the first route that takes a request: Nest's own choice, made before Nest makes it. */
export function placeFinder(routes: readonly PostRoute[]): PlaceOf {
  // Most templates have no parameters: which routes they match is found once.
  const literal = new Map<string, PostRoute[]>();
  for (const { path, endpoint } of routes) {
    if (endpoint === undefined) continue;
    literal.set(
      path,
      routes.filter(({ matches }) => matches(path)),
    );
  }
  return function placeOf(request, path) {
    const candidates = literal.get(path) ?? routes.filter(({ matches }) => matches(path));
    const route = candidates.find(({ condition }) => condition?.(request) !== false);
    return route?.endpoint && (route as EndpointPlace);
  };
}

/** Finds out whether one of some layers is a middleware that a POST to a path comes to. */
export function middlewareFinder(layers: readonly Layer[]): (path: string) => boolean {
  const middleware = layers.filter(
    ({ name, route }) =>
      !BODY_PARSER.test(name) &&
      (route === undefined || (takesPost(route) && passesOn(route.stack))),
  );
  return (path) => middleware.some((layer) => matchesLayer(layer, path));
}

/** Whether a POST to a path comes to a layer. */
export function handles(layer: Layer, path: string): boolean {
  return (layer.route === undefined || takesPost(layer.route)) && matchesLayer(layer, path);
}

function takesPost({ methods }: NonNullable<Layer['route']>): boolean {
  return Boolean(methods['post'] || methods['_all']);
}

function matchesLayer(layer: Layer, path: string): boolean {
  try {
    return Boolean(layer.match(path));
  } catch {
    return false; // Express answers that itself, with 400
  }
}

/** Whether a layer is a route that Nest has made of a controller's method, whose metadata it then has. */
function isOfController({ route }: Layer): boolean {
  return route !== undefined && hasMetadata(route.stack);
}

/**
 * Has the layers from `start` on tried before the routes of controllers, behind what the app puts before all of
 * them: as on Fastify, no wildcard of the host's is to have their requests.
 */
export function putBeforeControllers(stack: Layer[], start: number): void {
  const layers = stack.splice(start);
  const first = stack.findIndex(isOfController);
  stack.splice(first === -1 ? stack.length : first, 0, ...layers);
}

function hasMetadata(stack: readonly HandleSlot[]): boolean {
  return stack.some(({ handle }) => Reflect.hasMetadata('path', handle));
}

/** Nest registers a middleware that is bound to one path as a route; so may the host. It takes `next`. */
function passesOn(stack: readonly HandleSlot[]): boolean {
  return !hasMetadata(stack) && stack.every(({ handle }) => handle.length > 2);
}

/** The condition of a host's route, whose handle Nest names `Class.method`. */
function hostsCondition(
  handleName: string,
  controllers: readonly Type[],
  conditionOf: ConditionOf,
): RouteCondition | undefined {
  const dot = handleName.indexOf('.');
  const method = handleName.slice(dot + 1);
  const controller = controllers.find(
    ({ name, prototype }) => name === handleName.slice(0, dot) && method in prototype,
  );
  return controller && conditionOf(controller, method);
}
