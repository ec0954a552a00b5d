import type { INestApplication } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { EndpointPlan } from '../endpoint/endpoint.js';
import { EndpointRegistry } from '../endpoint/endpoint-registry.js';
import { FILLED_OPTIONS, type FilledModelServingOptions } from '../module-options.js';
import { EndpointDiscovery } from '../routing/endpoint-discovery.js';

/**
 * What an app's endpoints are. Documents are most often made before the app is initialised, which is
 * when it finds them itself.
 */
export function plansOf(app: INestApplication): readonly EndpointPlan[] {
  // app.get() would log an error where the app is without ModelServingModule.
  for (const { providers } of app.get(ModulesContainer).values()) {
    const registry = providers.get(EndpointRegistry)?.instance as EndpointRegistry | undefined;
    if (registry === undefined) continue;
    if (registry.plans.length > 0) return registry.plans;
    const discovery = providers.get(EndpointDiscovery)!.instance as EndpointDiscovery;
    const options = providers.get(FILLED_OPTIONS)!.instance as FilledModelServingOptions;
    return discovery.find(options.defaults, options.cache.ttl);
  }
  return [];
}
