import type { INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** Starts an app the way `main.ts` of any Nest project does, and says so on standard output. */
export async function listen(
  module: Type,
  configure: (app: INestApplication) => void = () => {},
): Promise<void> {
  const adapter = process.env.ADAPTER === 'fastify' ? new FastifyAdapter() : new ExpressAdapter();
  const app = await NestFactory.create(module, adapter, { logger: ['error', 'fatal'] });
  configure(app);
  await app.listen(Number(process.env.PORT), '127.0.0.1');
  console.log('ready');
}
