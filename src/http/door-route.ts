import 'reflect-metadata';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Call } from '../endpoint/call.js';
import { copyMetadata, declarationOf } from '../endpoint/declaration.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Gate } from '../gate/gate.js';
import { callHeldBy } from '../gate/held-call.js';
import { standBefore } from './adapter-hooks.js';
import { isSentByDoor } from './http-call.js';
import type { Exchange, HttpDoor } from './http-door.js';
import { hasBegun } from './stream-outlet.js';
import { rawRequest, type NestResponse } from './reply.js';
import { decorationOf } from './route-decoration.js';

/** Serves a call; `args` are what Nest shows to guards and interceptors: request, response, `next`. */
type DoorRoute = (call: Call, exchange: Exchange, args: readonly unknown[]) => Promise<void>;

/** What Nest gives its adapter for a route: its own request and response, and `next` on Express. */
type NestHandle = (request: object, response: NestResponse, next: unknown) => unknown;

/**
 * The routes of answers that Nest's own handle could not send: streams, of which it would send the last
 * item, binary messages, whatever interceptors make of them, what is compressed, and what becomes a job.
 */
export class DoorRoutes {
  readonly #gate: Gate;
  readonly #door: HttpDoor;
  readonly #routes = new Map<Endpoint, DoorRoute>();

  constructor(gate: Gate, door: HttpDoor) {
    this.#gate = gate;
    this.#door = door;
  }

  /**
   * Puts itself before the handles of endpoints as Nest gives them to its adapter, behind whatever the app
   * or a plugin puts around a route later: a client cannot get past that by what it accepts.
   */
  standBeforeNest(adapter: AbstractHttpAdapter): void {
    standBefore(adapter, 'post', (post) => (...args: unknown[]) => {
      const handle = args.pop() as NestHandle;
      return post(...args, declarationOf(handle) === undefined ? handle : this.#before(handle));
    });
  }

  #before(nestHandle: NestHandle): NestHandle {
    const declaration = declarationOf(nestHandle);
    const handle: NestHandle = (request, response, next) => {
      const call = callHeldBy(request);
      // A call of another endpoint is on its way to that one's route.
      if (call?.endpoint.declaration !== declaration || !isServedByDoor(call!)) {
        return nestHandle(request, response, next);
      }
      const exchange = { request: rawRequest(request), response };
      void this.#for(call!.endpoint)(call!, exchange, [request, response, next]);
    };
    copyMetadata(nestHandle, handle);
    Object.defineProperty(handle, 'name', { value: nestHandle.name, configurable: true });
    return Object.assign(handle, nestHandle);
  }

  #for(endpoint: Endpoint): DoorRoute {
    let route = this.#routes.get(endpoint);
    if (route === undefined) this.#routes.set(endpoint, (route = this.#make(endpoint)));
    return route;
  }

  #make(endpoint: Endpoint): DoorRoute {
    const door = this.#door;
    const decorate = decorationOf(endpoint);
    const passage = this.#gate.passage(endpoint, 'http');
    const unguarded = this.#gate.passage(endpoint, 'http', { guards: false });
    return async function serve(call, exchange, args) {
      try {
        const isDeferred = endpoint.defers(call);
        if (isDeferred && (await endpoint.deferral!.take(call, args))) return;
        decorate(exchange.response);
        const pass = isDeferred ? unguarded : passage;
        const answer = await pass(call, { args, request: args[0] as object });
        if (answer !== undefined) door.answer(call, answer);
      } catch (error) {
        // Else a filter of the app has answered it.
        if (!call.isAnswered || hasBegun(call.outlet)) door.fail(call, error, exchange);
      }
    };
  }
}

/** Whether Nest's own handle could not serve a call. */
function isServedByDoor(call: Call): boolean {
  return isSentByDoor(call) || call.endpoint.defers(call);
}
