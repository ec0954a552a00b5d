import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Answer } from '../endpoint/answer.js';
import type { Call } from '../endpoint/call.js';
import type { Intake } from '../gate/intake.js';
import { isPromise } from '../interceptors/stage.js';
import { serve } from '../interceptors/way.js';
import type { HttpCall } from './http-call.js';
import type { Exchange, HttpDoor } from './http-door.js';
import { rawResponse } from './reply.js';

type Listener = RequestListener & { listener?: RequestListener };

/**
 * Takes the framework's place among the listeners of its server: what the door finds an endpoint for is
 * served there and then, and everything else is the framework's, as before. Instrumentations that patch
 * Node's servers see every request, and the listeners of others keep their order.
 *
 * @param framework the listener that a framework has given its server
 * @returns whether its place could be taken
 */
export function openDirectLane(
  server: Server,
  framework: RequestListener,
  door: HttpDoor,
  intake: Intake<Exchange>,
): boolean {
  const listeners = server.rawListeners('request') as RequestListener[];
  const seat = listeners.indexOf(framework);
  if (seat === -1 || listeners.lastIndexOf(framework) !== seat) return false;

  const lane: Listener = function directLane(this: Server, request, response) {
    const exchange = { request, response };
    const endpoint = door.find(exchange);
    if (endpoint === undefined) return framework.call(this, request, response);
    try {
      intake.receive(endpoint, exchange, received);
    } catch {
      response.destroy(); // what answers failures has failed itself
    }
  };
  // As Node marks the wrapper of a listener: who looks for the framework's, or removes it, finds it here.
  lane.listener = framework;

  function received(error: unknown, call: Call): void {
    if (error !== undefined) return fail(error, call);
    try {
      call.receiver = call.endpoint.instance;
      const answer = serve(call);
      if (isPromise(answer)) {
        answer.then(
          (value) => reply(value, call),
          (reason: unknown) => fail(reason, call),
        );
      } else {
        reply(answer, call);
      }
    } catch (error) {
      fail(error, call);
    }
  }

  function reply(answer: Answer, call: Call): void {
    try {
      door.answer(call, answer, exchangeOf(call));
    } catch (error) {
      fail(error, call);
    }
  }

  /** Nobody is above it to catch what it throws. */
  function fail(error: unknown, call: Call): void {
    const exchange = exchangeOf(call);
    try {
      door.fail(call, error, exchange);
    } catch {
      rawResponse(exchange.response).destroy();
    }
  }

  const behind = listeners.slice(seat);
  for (const listener of behind) server.removeListener('request', listener);
  for (const listener of behind) server.on('request', listener === framework ? lane : listener);
  return true;
}

function exchangeOf(call: Call): Exchange {
  const { response } = call as HttpCall;
  const { req } = rawResponse(response) as ServerResponse<IncomingMessage>;
  return { request: req, response };
}
