import 'reflect-metadata';
import { Body, HttpCode, Post, Req, type Type } from '@nestjs/common';
import type { Call } from '../endpoint/call.js';
import { callHeldBy } from '../gate/held-call.js';
import { isPromise } from '../interceptors/stage.js';
import { serve, serveStream } from '../interceptors/way.js';
import {
  declarationOf,
  copyMetadata,
  declareEndpoint,
  type EndpointDeclaration,
} from '../endpoint/declaration.js';
import { expectCall } from './expected-call.js';
import { hasParameter } from './route-metadata.js';

export type DeclaredEndpoint = Omit<EndpointDeclaration, 'predict'>;

const CLASS_DECLARATION = Symbol('nestjs-model-serving:class');

/** Makes `predict` of a class, its own or an inherited one, the handler of an endpoint. */
export function defineClassRoute(target: Type, declared: DeclaredEndpoint): void {
  Reflect.defineMetadata(CLASS_DECLARATION, declared, target);
  defineRoute(target.prototype, 'predict', target.prototype.predict, declared);
}

/**
 * Gives a controller a route of its own for every endpoint it inherits: what is bound to the controller
 * is then bound to no other route, and Nest's route tells whose endpoint it is.
 */
export function adoptInherited(controller: Type, methods: readonly string[]): void {
  adoptOverride(controller);
  const { prototype } = controller;
  for (const key of methods) {
    const inherited: unknown = prototype[key];
    const declaration = declarationOf(inherited);
    if (declaration === undefined || Object.hasOwn(prototype, key)) continue;
    const route = placeRoute(prototype, key, declaration.predict, inherited as object).value;
    declareEndpoint(route, { ...declaration });
  }
}

/**
 * Gives a controller that overrides `predict` without a decorator of its own the endpoint of its
 * parent: the class is one by inheritance, as it is a controller by inheritance.
 */
function adoptOverride(controller: Type): void {
  const declared: DeclaredEndpoint | undefined = Reflect.getMetadata(CLASS_DECLARATION, controller);
  const predict: unknown = controller.prototype.predict;
  if (declared === undefined || typeof predict !== 'function') return;
  // An override that is a route already, of whatever kind, has been given its place on purpose.
  if (declarationOf(predict) !== undefined || Reflect.hasMetadata('path', predict)) return;
  defineRoute(controller.prototype, 'predict', predict as EndpointDeclaration['predict'], declared);
}

/** Makes a handler that a decorator stands on the route of an endpoint. */
export function defineRoute(
  prototype: object,
  key: string,
  method: EndpointDeclaration['predict'],
  declared: DeclaredEndpoint,
): PropertyDescriptor {
  const predict = declarationOf(method)?.predict ?? method;
  // From the handler as written: what a decorated parent's route adds is added to this one anew.
  const descriptor = placeRoute(prototype, key, predict, predict);
  declareEndpoint(descriptor.value, { ...declared, predict });
  Post(declared.path)(prototype, key, descriptor);
  HttpCode(200)(prototype, key, descriptor);
  // Parameters are kept by class and method name: an override has those of its parent, and a
  // `@Body(pipe)` of the user's own stays. Of the two, pipes of the app see the body only.
  if (!hasParameter(prototype.constructor, key, 0)) Body()(prototype, key, 0);
  if (!hasParameter(prototype.constructor, key, 1)) Req()(prototype, key, 1);
  return descriptor;
}

/**
 * Puts a route in the place of the handler, under its name. Nest calls the route with its request,
 * whose call runs the handler through the endpoint's executor; anybody else (a unit test,
 * `super.predict`) calls it as the handler it looks like.
 *
 * @param decorated whose metadata the route takes over
 */
function placeRoute(
  prototype: object,
  key: string,
  predict: EndpointDeclaration['predict'],
  decorated: object,
): PropertyDescriptor {
  const route = {
    [key](this: object, input: unknown, second: unknown) {
      const call = callHeldBy(second);
      if (call === undefined && !isHttpRequest(second)) {
        return predict.call(this, input as never, second as never);
      }
      if (!call?.underway) {
        return serveCall(expectCall(call, this.constructor as Type, key), this);
      }
      call.task.input = input;
      return call.run(this);
    },
  }[key]!;
  copyMetadata(decorated, route);
  const descriptor = { value: route, writable: true, configurable: true, enumerable: false };
  Object.defineProperty(prototype, key, descriptor);
  return descriptor;
}

/** Whether a value is a request: Node's own, or Fastify's around it. */
function isHttpRequest(value: unknown): boolean {
  const raw = (value as { raw?: unknown } | null | undefined)?.raw ?? value;
  return typeof raw === 'object' && raw !== null && 'httpVersion' in raw;
}

/** The way that `ModelInterceptor` takes, for routes that need nothing of Nest's chain. */
function serveCall(call: Call, receiver: object): unknown {
  call.receiver = receiver;
  if (call.outlet !== undefined) return serveStream(call);
  const answer = serve(call);
  return isPromise(answer) ? answer.then((value) => call.present(value)) : call.present(answer);
}
