import 'reflect-metadata';
import type { SchemaSource } from '../schema/index.js';
import type { ModelEndpointOptions } from './endpoint-options.js';

/** What a `@ModelEndpoint` says, as it stands on the method that serves it until an app is made of it. */
export interface EndpointDeclaration {
  readonly path: string;
  readonly schema: SchemaSource | undefined;
  readonly options: ModelEndpointOptions;
  /** The handler as the user wrote it; the class holds a route in its place. */
  readonly predict: (this: object, ...args: never[]) => unknown;
}

const DECLARATION = Symbol('nestjs-model-serving:endpoint');

export function declareEndpoint(route: object, declaration: EndpointDeclaration): void {
  Reflect.defineMetadata(DECLARATION, declaration, route);
}

/** Gives a function that takes another's place the metadata that Nest and its decorators keep with that. */
export function copyMetadata(from: object, to: object): void {
  for (const key of Reflect.getMetadataKeys(from)) {
    Reflect.defineMetadata(key, Reflect.getMetadata(key, from), to);
  }
}

/** The declaration a function carries: a decorated method, or a route handler Nest made of it. */
export function declarationOf(route: unknown): EndpointDeclaration | undefined {
  return typeof route === 'function' ? Reflect.getMetadata(DECLARATION, route) : undefined;
}
