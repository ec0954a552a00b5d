import 'reflect-metadata';
import type { Endpoint } from '../endpoint/endpoint.js';
import { setHeader, setStatus, type NestResponse } from './reply.js';

/** The keys Nest keeps what `@HttpCode()` and `@Header()` say under. */
const STATUS = '__httpCode__';
const HEADERS = '__headers__';
/** The same of all that shapes an answer: `@Redirect()`, `@Render()` and `@Sse()` as well. */
const SHAPES = [HEADERS, '__redirect__', '__renderTemplate__', '__sse__'];

interface DecoratedHeader {
  readonly name: string;
  readonly value: string | (() => string);
}

/** What Nest's own handle would do to a response for the decorators of its route. */
export function decorationOf({ controller, method }: Endpoint): (response: NestResponse) => void {
  const route: object = controller.prototype[method];
  const status = statusOf(route);
  const headers: DecoratedHeader[] = Reflect.getMetadata(HEADERS, route) ?? [];
  return function decorate(response) {
    setStatus(response, status);
    for (const { name, value } of headers) {
      setHeader(response, name, typeof value === 'function' ? value() : value);
    }
  };
}

/** The status of an endpoint's answers. */
export function statusOf(route: object): number {
  return Reflect.getMetadata(STATUS, route);
}

/** Whether a decorator says something else of an endpoint's answer than that it is 200 and JSON. */
export function shapesAnswer(route: object): boolean {
  return statusOf(route) !== 200 || SHAPES.some((key) => Reflect.hasMetadata(key, route));
}
