import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** Starts an app the way `main.ts` of any Nest project does. */
export async function listen(
  module: Type,
  configure: (app: INestApplication) => void = () => {},
): Promise<void> {
  const app = await NestFactory.create(module, await adapter(), { logger: ['fatal'] });
  configure(app);
  await app.listen(Number(process.env.PORT), '127.0.0.1');
}

/** Only the adapter that serves is loaded, since loading counts in start-up time and memory. */
async function adapter() {
  if (process.env.ADAPTER === 'fastify') {
    const { FastifyAdapter } = await import('@nestjs/platform-fastify');
    return new FastifyAdapter();
  }
  const { ExpressAdapter } = await import('@nestjs/platform-express');
  return new ExpressAdapter();
}
