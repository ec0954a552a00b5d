import { ADAPTERS } from '../serving-app.js';

/** Past the framework, and through it to Nest's route, on each adapter. */
export const WAYS = ADAPTERS.flatMap((adapter) => [
  { way: `the direct lane on ${adapter}`, adapter, defaults: {} },
  { way: `the route on ${adapter}`, adapter, defaults: { direct: false } },
]);
