import { Controller, type Type } from '@nestjs/common';
import type { Observable } from 'rxjs';
import { ConfigurationError } from '../errors/index.js';
import type { PredictContext } from '../execution/index.js';
import type { SchemaSource } from '../schema/index.js';
import type { BatchOptions, ModelEndpointOptions } from '../endpoint/endpoint-options.js';
import { defineClassRoute, defineRoute, type DeclaredEndpoint } from './route.js';

type Answer<T> = T | Promise<T | Observable<T>> | Observable<T>;

/** A handler of one request at a time. */
export type Predict<Req = any, Res = any> = (input: Req, context: PredictContext) => Answer<Res>;

/** A handler of a batch: as many results as inputs, in their order; an `Error` fails its own request. */
export type BatchPredict<Req = any, Res = any> = (
  inputs: Req[],
  contexts: PredictContext[],
) => Answer<readonly (Res | Error)[]>;

/** The items of a stream, in any of the forms that a handler may return. */
export type Streamed<Item> =
  | AsyncIterable<Item>
  | Iterable<Item | PromiseLike<Item>>
  | Observable<Item>
  | { getReader(): { read(): Promise<{ done: boolean; value?: Item }> } };

/** A handler that makes a stream of answers for each request: an async generator, most often. */
export type StreamPredict<Req = any, Res = any> = (
  input: Req,
  context: PredictContext,
) => Streamed<Res> | Promise<Streamed<Res>>;

/** Decorates a class that has `predict`, or a method; what does not fit `Handler` does not compile. */
export interface ModelEndpointDecorator<Handler> {
  <Class extends abstract new (...args: any[]) => { predict: Handler }>(target: Class): void;
  <Method extends Handler>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<Method>,
  ): TypedPropertyDescriptor<Method>;
}

/**
 * Makes a model endpoint that answers `POST path`.
 *
 * On a class, the class becomes a controller whose `predict` is the handler. On a method of a
 * `@Controller()` class, that method is, so that several endpoints can share one model. The handler
 * gets the body's fields as one object and a {@link PredictContext}; it returns a value, a promise
 * or an Observable (its last value counts), or promises one. With `options.batch` it gets arrays of both;
 * with `options.stream` it makes a stream, each item of which is an answer.
 *
 * @param path The route below the controller's and the app's prefixes.
 * @param schema What requests and answers are checked against; without it, any JSON object passes.
 * @param options Limits, batching, caching; see {@link ModelEndpointOptions} for their defaults.
 * @throws {ConfigurationError} At boot, for a class without `predict` or an option that makes no sense.
 *
 * @example
 * ```ts
 * @ModelEndpoint('/classify', protobufSchema(new URL('./classify.proto', import.meta.url)), { cache: true })
 * export class LanguageClassifier {
 *   constructor(private readonly detector: Detector) {}
 *   predict({ title, body }: ClassifyRequest): ClassifyResponse {
 *     return this.detector.detect(`${title} ${body}`);
 *   }
 * }
 * ```
 */
export function ModelEndpoint<Req = any, Res = any>(
  path: string,
  schema: SchemaSource<Req, Res> | undefined,
  options: ModelEndpointOptions<Req> & { batch: BatchOptions<Req> },
): ModelEndpointDecorator<BatchPredict<Req, Res>>;
export function ModelEndpoint<Req = any, Res = any>(
  path: string,
  schema: SchemaSource<Req, Res> | undefined,
  options: ModelEndpointOptions<Req> & { stream: true },
): ModelEndpointDecorator<StreamPredict<Req, Res>>;
export function ModelEndpoint<Req = any, Res = any>(
  path: string,
  schema?: SchemaSource<Req, Res>,
  options?: ModelEndpointOptions<Req> & { batch?: false | undefined; stream?: false | undefined },
): ModelEndpointDecorator<Predict<Req, Res>>;
export function ModelEndpoint(
  path: string,
  schema?: SchemaSource,
  options: ModelEndpointOptions = {},
): ModelEndpointDecorator<never> {
  const decorate = (
    target: any,
    key?: string | symbol | object,
    descriptor?: PropertyDescriptor,
  ) => {
    // The context of a standard decorator, of which Nest knows nothing.
    if (typeof key === 'object') {
      throw new ConfigurationError(
        `@ModelEndpoint('${path}') on ${target.name}: expected experimentalDecorators in tsconfig.json, got code that was compiled without`,
      );
    }
    if (typeof path !== 'string') {
      const owner = key === undefined ? target.name : `${target.constructor.name}.${String(key)}`;
      throw ConfigurationError.expected(`@ModelEndpoint on ${owner}`, 'the path', 'a string', path);
    }
    if (key !== undefined)
      return decorateMethod(target, key, descriptor, { path, schema, options });
    decorateClass(target, { path, schema, options });
  };
  return decorate as ModelEndpointDecorator<never>;
}

function decorateClass(target: Type, declared: DeclaredEndpoint): void {
  const predict: unknown = target.prototype.predict;
  if (typeof predict !== 'function') {
    throw ConfigurationError.expected(
      `@ModelEndpoint('${declared.path}') on ${target.name}`,
      'the class',
      'one with a method predict',
      predict,
    );
  }
  // A `@Controller()` of the user's own, with a prefix or a version, stays as it is.
  if (!Reflect.hasOwnMetadata('path', target)) Controller()(target);
  defineClassRoute(target, declared);
}

function decorateMethod(
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor | undefined,
  declared: DeclaredEndpoint,
): PropertyDescriptor {
  const owner = typeof target === 'function' ? target.name : target.constructor.name;
  if (
    typeof target === 'function' ||
    typeof key === 'symbol' ||
    typeof descriptor?.value !== 'function'
  ) {
    throw ConfigurationError.expected(
      `@ModelEndpoint('${declared.path}') on ${owner}.${String(key)}`,
      'the target',
      'a class or a method of its instances',
      typeof target === 'function' ? 'a static member' : descriptor?.value,
    );
  }
  return defineRoute(target, key, descriptor.value, declared);
}
