import type { AbstractHttpAdapter } from '@nestjs/core';
import { ConfigurationError } from '../errors/index.js';

/**
 * Loads the adapter's package, which the app has to install, and makes an adapter.
 *
 * @throws ConfigurationError where it is not installed.
 */
export async function createHttpAdapter(name: 'express' | 'fastify'): Promise<AbstractHttpAdapter> {
  try {
    if (name === 'express') return new (await import('@nestjs/platform-express')).ExpressAdapter();
    return new (await import('@nestjs/platform-fastify')).FastifyAdapter();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const platform = `@nestjs/platform-${name}`;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes(`'${platform}'`)) throw error;
    throw new ConfigurationError(
      `serve(): adapter "${name}" expected the package ${platform} to be installed, got none (npm install ${platform})`,
      { cause: error },
    );
  }
}
