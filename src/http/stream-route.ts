import 'reflect-metadata';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Gate } from '../gate/gate.js';
import type { Exchange, HttpDoor } from './http-door.js';
import { hasBegun } from './stream-outlet.js';
import { setHeader, setStatus, type NestResponse } from './reply.js';

/**
 * What stands in the place of Nest's handle on the route of a stream.
 *
 * @param args what Nest would show to guards and interceptors: its request, its response, `next`
 */
export type StreamRoute = (call: Call, exchange: Exchange, args: readonly unknown[]) => void;

/** How the routes of streams are made: Nest's own handle would send the last item of each. */
export class StreamRoutes {
  readonly #gate: Gate;
  readonly #door: HttpDoor;

  constructor(gate: Gate, door: HttpDoor) {
    this.#gate = gate;
    this.#door = door;
  }

  /** @returns `undefined` where an endpoint makes no stream */
  for(endpoint: Endpoint): StreamRoute | undefined {
    if (!endpoint.options.stream) return undefined;
    const passage = this.#gate.passage(endpoint, 'http');
    const door = this.#door;
    const decorate = decorationOf(endpoint);
    return async function serveStream(call, exchange, args) {
      decorate(exchange.response);
      try {
        await passage(call, { args, request: args[0] as object });
      } catch (error) {
        // Else a filter of the app has answered it.
        if (!call.isAnswered || hasBegun(call.outlet)) door.fail(call, error, exchange);
      }
    };
  }
}

/** The keys Nest keeps what `@Header()` and `@HttpCode()` say under. */
const HEADERS = '__headers__';
const STATUS = '__httpCode__';

interface DecoratedHeader {
  readonly name: string;
  readonly value: string | (() => string);
}

/** What Nest's own handle would do to a response for the decorators of its route. */
function decorationOf({ controller, method }: Endpoint): (response: NestResponse) => void {
  const route: object = controller.prototype[method];
  const status: number = Reflect.getMetadata(STATUS, route);
  const headers: DecoratedHeader[] = Reflect.getMetadata(HEADERS, route) ?? [];
  return function decorate(response) {
    setStatus(response, status);
    for (const { name, value } of headers) {
      setHeader(response, name, typeof value === 'function' ? value() : value);
    }
  };
}
