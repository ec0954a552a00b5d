import type { AbstractHttpAdapter } from '@nestjs/core';
import { AdapterHooks } from './adapter-hooks.js';
import type { ExpressApp } from './express-intake.js';
import { handles, type Layer, type PostRoute } from './express-routes.js';
import type { LaneRoute, Surroundings } from './lane-routes.js';

/** As body-parser writes them. They leave alone what the intake has read. */
const PARSER = /^function \w*Parser ?\(req, res, next\) ?\{\s*read\(/;
/** As Express writes it: instrumentations wrap it to see every request. */
const HANDLE =
  /^function handle\(req, res, callback\) ?\{[^]*this\.router\.handle\(req, res, done\)/;

/**
 * What Express, as the app has set it up, does before the routes of endpoints.
 *
 * @param intake the library's own middleware
 * @param routes in which place of Express's an endpoint is
 */
export function expressSurroundings(
  adapter: AbstractHttpAdapter,
  app: ExpressApp,
  intake: unknown,
  routes: readonly PostRoute[],
): Surroundings {
  const hooks = new AdapterHooks(adapter);
  const { router } = app;
  const { stack } = router;
  const size = stack.length;
  const isPatched =
    hooks.isAlien || Object.hasOwn(router, 'handle') || !HANDLE.test(`${app.handle}`);

  function isHarmless({ handle }: Layer): boolean {
    // Those with four parameters are called for errors only.
    return (
      handle === intake || handle.length > 3 || PARSER.test(`${handle}`) || hooks.include(handle)
    );
  }

  return {
    obstacleAt({ path, endpoint }: LaneRoute) {
      if (isPatched) return 'Express or its adapter is not as it comes';
      if (!hooks.areIdle) return 'the adapter has a hook of the app';
      const own = routes.find((route) => route.path === path && route.endpoint === endpoint);
      if (own === undefined || own.condition !== undefined) return 'it has a host or a version';
      if (stack.filter(({ handle }) => hooks.include(handle)).length > 1)
        return 'another app of Nest';
      for (const layer of stack) {
        if (layer.route?.stack.includes(own.slot)) {
          return layer.route.stack.length === 1 ? undefined : 'its route has several handlers';
        }
        if (!isHarmless(layer) && handles(layer, path)) {
          return `${layer.route === undefined ? 'the middleware' : 'the route'} ${nameOf(layer)}`;
        }
      }
      return 'Express has no route for it';
    },
    isUnchanged: () => stack.length === size && router.stack === stack && hooks.areIdle,
  };
}

function nameOf({ name, route }: Layer): string {
  return route === undefined ? name : String(route.path);
}
