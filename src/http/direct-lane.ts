import type { RequestListener, Server } from 'node:http';
import type { Entrance } from '../gate/entrance.js';
import type { Exchange } from './http-door.js';

type Listener = RequestListener & { listener?: RequestListener };

/**
 * Takes the framework's place among the listeners of its server: what the entrance takes is served there
 * and then, and everything else is the framework's, as before. Instrumentations that patch Node's servers
 * see every request, and the listeners of others keep their order.
 *
 * @param framework the listener that a framework has given its server
 * @returns whether its place could be taken
 */
export function openDirectLane(
  server: Server,
  framework: RequestListener,
  entrance: Entrance<Exchange>,
): boolean {
  const listeners = server.rawListeners('request') as RequestListener[];
  const seat = listeners.indexOf(framework);
  if (seat === -1 || listeners.lastIndexOf(framework) !== seat) return false;

  const lane: Listener = function directLane(this: Server, request, response) {
    let isTaken = true;
    try {
      isTaken = entrance.enter({ request, response, isDirect: true });
    } catch {
      response.destroy(); // nobody is above who would answer
    }
    if (!isTaken) framework.call(this, request, response);
  };
  // As Node marks the wrapper of a listener: who looks for the framework's, or removes it, finds it here.
  lane.listener = framework;

  const behind = listeners.slice(seat);
  for (const listener of behind) server.removeListener('request', listener);
  for (const listener of behind) server.on('request', listener === framework ? lane : listener);
  return true;
}
