import 'reflect-metadata';
import type { Call } from '../endpoint/call.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Gate, Passage } from '../gate/gate.js';
import { isSentByDoor } from './http-call.js';
import type { Exchange, HttpDoor } from './http-door.js';
import { hasBegun } from './stream-outlet.js';
import { setHeader, setStatus, type NestResponse } from './reply.js';

/**
 * What stands before Nest's handle on the route of an endpoint.
 *
 * @param args what Nest would show to guards and interceptors: its request, its response, `next`
 * @returns whether it takes the call; if not, it is Nest's
 */
export type DoorRoute = (call: Call, exchange: Exchange, args: readonly unknown[]) => boolean;

/**
 * The routes of answers that Nest's own handle could not send: streams, of which it would send the last
 * item, binary messages, whatever interceptors make of them, and what is compressed.
 */
export class DoorRoutes {
  readonly #gate: Gate;
  readonly #door: HttpDoor;

  constructor(gate: Gate, door: HttpDoor) {
    this.#gate = gate;
    this.#door = door;
  }

  for(endpoint: Endpoint): DoorRoute {
    const gate = this.#gate;
    const door = this.#door;
    const decorate = decorationOf(endpoint);
    // Most endpoints are never asked for such an answer.
    let passage: Passage | undefined;

    async function serve(call: Call, exchange: Exchange, args: readonly unknown[]): Promise<void> {
      decorate(exchange.response);
      try {
        passage ??= gate.passage(endpoint, 'http');
        const answer = await passage(call, { args, request: args[0] as object });
        if (answer !== undefined) door.answer(call, answer);
      } catch (error) {
        // Else a filter of the app has answered it.
        if (!call.isAnswered || hasBegun(call.outlet)) door.fail(call, error, exchange);
      }
    }
    return function doorRoute(call, exchange, args) {
      if (!isSentByDoor(call)) return false;
      void serve(call, exchange, args);
      return true;
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
