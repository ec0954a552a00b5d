import type { AbstractHttpAdapter } from '@nestjs/core';
import { loadInstalled } from './installed.js';

/**
 * Loads the adapter's package, which the app has to install, and makes an adapter.
 *
 * @throws ConfigurationError where it is not installed.
 */
export function createHttpAdapter(name: 'express' | 'fastify'): Promise<AbstractHttpAdapter> {
  return loadInstalled(`adapter "${name}"`, `@nestjs/platform-${name}`, async () => {
    if (name === 'express') return new (await import('@nestjs/platform-express')).ExpressAdapter();
    return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
  });
}
